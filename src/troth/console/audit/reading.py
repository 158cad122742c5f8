"""Entries of the audit log with the names of those who acted and of those whose data it was. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from troth.console.naming import names_of
from troth.workspaces.audit import ACTIONS, API, NOBODY
from troth.workspaces.models import AuditEntry, Key, Member, User


@dataclass(frozen=True)
class Row:
    """An entry as a line. `person` is empty when it is about nobody, or about somebody who is gone."""

    entry: AuditEntry
    says: str
    who: str
    person: str


def describe_entries(entries: list[AuditEntry]) -> list[Row]:
    """With names: two queries for members and persons, however many entries."""
    if not entries:
        return []
    workspace_id = entries[0].workspace_id
    users, keys = name_users(entry.user_id for entry in entries), name_keys(workspace_id, entries)
    persons = names_of(workspace_id, {entry.person_id for entry in entries} - {NOBODY})
    return [
        Row(
            entry,
            _(ACTIONS.get(entry.action, entry.action)),
            users.get(entry.user_id) or keys.get(entry.detail.get("key", 0), ""),
            persons.get(entry.person_id, ""),
        )
        for entry in entries
    ]


def name_users(user_ids: Iterable[int]) -> dict[int, str]:
    """E-mail addresses of those who acted; whoever was removed from Troth altogether is left out."""
    return dict(User.objects.filter(pk__in=set(user_ids)).values_list("pk", "email"))


def name_keys(workspace_id: int, entries: Iterable[AuditEntry]) -> dict[int, str]:
    """By number, the keys that acted without a member: as they were called, and the characters that they are told by."""
    numbers = {entry.detail.get("key", 0) for entry in entries if entry.role == API}
    return {
        pk: f"{label} {prefix}…".strip()
        for pk, label, prefix in Key.objects.filter(workspace_id=workspace_id, pk__in=numbers).values_list("pk", "label", "prefix")
    }


def list_members(workspace_id: int) -> list[tuple[int, str]]:
    """The members of a workspace by address, and whoever acts without one."""
    members = Member.objects.filter(workspace_id=workspace_id).order_by("user__email").values_list("user_id", "user__email")
    return [(0, _("keys of the API, and the command line")), *members]
