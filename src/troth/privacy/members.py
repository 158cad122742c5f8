"""The rights of those who log in (row C8): everything held on a member handed out, and their account deleted for good, with a certificate.

What belongs to a member is found by walking the relations to their account, so that a table added later is handed out and deleted too. What others must
be able to prove stays: the audit log, and the versions of campaigns and newsletters, keep the number of whoever acted, and an agreement who accepted it (Art. 17(3)(b) and (e) GDPR).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import models, transaction

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.privacy.certificate import certify
from troth.workspaces.audit import ACTIONS
from troth.workspaces.membership import is_last_owner
from troth.workspaces.models import Acceptance, AuditEntry, Member, User

SECRET = frozenset({"password", "digest", "data", "session_key", "key", "token", "secret"})
"""Fields that are handed out to nobody, the member included."""
PAGE = 1_000


class StillOwner(TrothError):
    """The account is the only owner of a workspace."""


def export_member(user: User) -> Iterator[tuple[str, Any]]:
    """Everything held on a member, by section: account, what hangs on it, acts, acceptances."""
    yield "account", _show(user)
    for model, rows in _related(user):
        yield _name(model), [_show(row) for row in rows.order_by("pk")]
    accepted = Acceptance.objects.select_related("version").filter(user_id=user.pk).order_by("pk")
    yield (
        "agreements_accepted",
        [{**_show(one), "agreement": one.version.kind, "version": one.version.number} for one in accepted],
    )
    yield "acts", list(_acts(user.pk))


def write_member(user: User) -> bytes:
    """The same as a JSON file."""
    return (json.dumps(dict(export_member(user)), indent=2, ensure_ascii=False, default=str) + "\n").encode()


def _acts(user_id: int) -> Iterator[dict[str, Any]]:
    """What the audit log has of a member, the newest first; about whom stays with those. Reads all buckets."""
    entries = AuditEntry.objects.filter(user_id=user_id).order_by("-entry_id")
    for entry in entries.iterator(chunk_size=PAGE):
        yield {
            "at": iso(entry.at),
            "workspace_id": entry.workspace_id,
            "role": entry.role,
            "act": ACTIONS.get(entry.action, entry.action),
            "from": entry.address,
        }


def delete_member(user: User, now: int) -> str:
    """Delete an account for good, with memberships, sessions and means of log-in; returns the signed certificate. Raises StillOwner."""
    with transaction.atomic():
        own = list(Member.objects.select_for_update().select_related("workspace").filter(user=user))
        alone = [member.workspace.name for member in own if is_last_owner(member)]
        if alone:
            raise StillOwner(f"You are the only owner of {', '.join(alone)}: make somebody else an owner first.")
        number = user.pk
        gone = forget_user(user)
    claims = {
        "what": "account of a member deleted",
        "at": iso(now),
        "member": number,
        "deleted_or_untied": {name: count for name, count in gone.items() if count},
        "kept": "the audit log and versions of campaigns and newsletters keep the number of who acted; an acceptance of an agreement keeps who accepted it"
        " (Art. 17(3)(b), (e))",
        "backups": "leave with the backups that hold the account, as they expire",
    }
    return certify(claims)


def forget_user(user: User) -> dict[str, int]:
    """Delete a user with sessions and means of log-in, and the addresses that the audit log has of them; rows gone or untied, by what they were."""
    gone = {_name(model): rows.count() for model, rows in _related(user)}
    for model, rows in _related(user):
        if any(field.name == "session_key" for field in model._meta.fields):
            Session.objects.filter(session_key__in=list(rows.values_list("session_key", flat=True))).delete()
    AuditEntry.objects.filter(user_id=user.pk).update(address="")
    user.delete()
    return gone


def _related(user: User) -> Iterator[tuple[type[models.Model], models.QuerySet[Any]]]:
    """What hangs on an account, by model: rows that go with it, or that name who made them and then name nobody."""
    for relation in User._meta.related_objects:
        model = relation.related_model
        if (relation.one_to_many or relation.one_to_one) and isinstance(model, type):
            yield model, models.QuerySet(model).filter(**{relation.field.name: user})


def _name(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name_plural).replace(" ", "_")


def _show(row: models.Model) -> dict[str, Any]:
    """A row without its secrets."""
    shown = {}
    for field in row._meta.concrete_fields:
        if field.name in SECRET or isinstance(field, models.BinaryField):
            continue
        value = field.value_from_object(row)
        shown[field.attname] = value.isoformat() if isinstance(value, datetime) else value
    return shown
