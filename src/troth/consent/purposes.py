"""Keeping a workspace's purposes: each change makes a version, and a material one may end the consents given before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from django.db import connection, transaction

from troth.consent.catalog import SERVICE, PurposeUnknown, forget_catalogs, load_catalog
from troth.consent.durations import check_duration
from troth.consent.held import check_assigning, check_held, name_purpose
from troth.consent.models import KINDS, Assignment, LegalBasis, OnChange, Purpose, PurposeVersion
from troth.kernel.errors import TrothError
from troth.people.models import Person

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
NEWEST_PEOPLE = 500
"""Whose attributes are looked at for names that nobody assigned."""
MOST_NAMES = 500
LONGEST_NAME = 255


class PurposeInvalid(TrothError):
    """A purpose that cannot be kept like this."""


class PurposeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a purpose is, all that a person may want to know before they agree; a version keeps it as it was."""

    name: str
    legal_basis: str = LegalBasis.CONSENT.value
    is_marketing: bool = False
    description: dict[str, str] = {}
    data_categories: list[str] = []
    retention: str = ""
    recipients: list[str] = []
    transfers: str = ""
    automated_decision: str = ""
    on_change: str = OnChange.INVALIDATE.value
    consent_lasts: str = ""
    double_opt_in: bool = False
    special_category: bool = False
    soft_opt_in: bool = False
    sharing: bool = False


TERMS = PurposeTerms.__struct_fields__


def terms_of(purpose: Purpose) -> PurposeTerms:
    """A purpose as it stands."""
    return PurposeTerms(**{name: getattr(purpose, name) for name in TERMS})


def find_purpose(workspace_id: int, key: str) -> Purpose:
    """A purpose, archived or not. Raises PurposeUnknown."""
    load_catalog(workspace_id)
    found = Purpose.objects.filter(workspace_id=workspace_id, key=key).first()
    if found is None:
        raise PurposeUnknown("There is no such purpose in this workspace.")
    return found


def list_purposes(workspace_id: int) -> list[Purpose]:
    """All purposes of a workspace, the archived ones too, by key."""
    load_catalog(workspace_id)
    return list(Purpose.objects.filter(workspace_id=workspace_id).order_by("key"))


def list_versions(workspace_id: int, key: str) -> list[PurposeVersion]:
    """A purpose's versions, the newest first. Raises PurposeUnknown."""
    purpose = find_purpose(workspace_id, key)
    found = list(PurposeVersion.objects.filter(workspace_id=workspace_id, key=key).order_by("-version"))
    if not found or found[-1].version != 1:
        # A purpose that every workspace begins with has no version of its own until it is changed.
        first = msgspec.to_builtins(terms_of(purpose)) if not found else found[-1].snapshot
        found.append(PurposeVersion(workspace_id=workspace_id, key=key, version=1, snapshot=first, at=0, material=False))
    return found


def create_purpose(workspace_id: int, key: str, terms: PurposeTerms, *, now: int) -> Purpose:
    """A new purpose, version 1. Raises PurposeInvalid, DurationInvalid."""
    if not _KEY.fullmatch(key):
        raise PurposeInvalid(
            "$.key: the key of a purpose has letters, digits, `_`, `-` and `.`, 64 at most, and begins with a letter or digit."
        )
    check_terms(terms)
    load_catalog(workspace_id)
    with transaction.atomic():
        if Purpose.objects.filter(workspace_id=workspace_id, key=key).exists():
            raise PurposeInvalid("$.key: there is a purpose of this key: choose another, or revise that one.")
        purpose = Purpose.objects.create(workspace_id=workspace_id, key=key, **msgspec.structs.asdict(terms))
        keep_version(purpose, now, material=False)
    forget_catalogs()
    return purpose


def revise_purpose(workspace_id: int, key: str, terms: PurposeTerms, *, material: bool, now: int) -> Purpose:
    """The purpose's next version; nothing happens when nothing changed and nothing material is stated.

    What widens the processing is material whatever the caller says (`find_material_changes`). A material change ends the consents given before, or
    leaves them until the person answers anew, as `on_change` said *before* the change and says after it. Raises PurposeUnknown, PurposeInvalid, ChangeHeld.
    """
    check_terms(terms)
    with transaction.atomic():
        purpose = find_purpose(workspace_id, key)
        before = terms_of(purpose)
        is_material = material or bool(find_material_changes(before, terms))
        if before == terms and not is_material:
            return purpose
        check_held(workspace_id, name_purpose(key))
        if purpose.version == 1:
            keep_version(purpose, 0, material=False)
        for name, value in msgspec.structs.asdict(terms).items():
            setattr(purpose, name, value)
        purpose.version += 1
        if is_material:
            purpose.changed_at = now
        if is_material and ends_consents(before.on_change, terms.on_change):
            purpose.material_since = now
        purpose.save()
        keep_version(purpose, now, material=is_material)
    forget_catalogs()
    transaction.on_commit(forget_catalogs)
    return purpose


def ends_consents(*on_change: str) -> bool:
    """Whether a material change ends the consents given before it: if the purpose says so before it, or after it. Pure."""
    return OnChange.INVALIDATE in on_change


def find_material_changes(before: PurposeTerms, after: PurposeTerms) -> list[str]:
    """The names of what changed so that a person may have decided otherwise: more data, more recipients, another basis (Art. 6(4), 13(3))."""
    found = [name for name in ("legal_basis", "transfers", "automated_decision") if getattr(after, name) not in ("", getattr(before, name))]
    found += [name for name in ("data_categories", "recipients") if set(getattr(after, name)) - set(getattr(before, name))]
    found += [name for name in ("special_category", "sharing") if getattr(after, name) and not getattr(before, name)]
    return found


def archive_purpose(workspace_id: int, key: str, *, now: int, archived: bool = True) -> Purpose:
    """Do nothing for a purpose any more, or take it up again; decisions on it stay (`ended`). Raises PurposeUnknown, PurposeInvalid, ChangeHeld."""
    purpose = find_purpose(workspace_id, key)
    check_held(workspace_id, name_purpose(key))
    if archived and key == SERVICE:
        raise PurposeInvalid("What is not assigned to another purpose is collected for `service`: it cannot be archived.")
    if archived and Assignment.objects.filter(workspace_id=workspace_id, purpose=key).exists():
        raise PurposeInvalid("Something is assigned to this purpose: assign it to another one first.")
    if purpose.archived != archived:
        purpose.archived, purpose.archived_at = archived, now if archived else 0
        purpose.save(update_fields=["archived", "archived_at"])
    forget_catalogs()
    return purpose


def keep_version(purpose: Purpose, at: int, *, material: bool, restores: int = 0) -> None:
    """Keep a purpose as it stands as its version; `restores`: the earlier one as which it stands again (`holding`)."""
    snapshot = msgspec.to_builtins(terms_of(purpose))
    PurposeVersion.objects.get_or_create(
        workspace_id=purpose.workspace_id,
        key=purpose.key,
        version=purpose.version,
        defaults={"snapshot": snapshot, "at": at, "material": material, "restores": restores},
    )


def check_terms(terms: PurposeTerms) -> None:
    """Whether a purpose can be kept like this. Raises PurposeInvalid, whose message begins with the field (`$.name: `), and DurationInvalid."""
    if not terms.name.strip():
        raise PurposeInvalid("$.name: a purpose needs a name that people understand.")
    if terms.legal_basis not in LegalBasis.values:
        raise PurposeInvalid(f"$.legal_basis: must be one of {', '.join(LegalBasis.values)} (Art. 6(1)).")
    if terms.on_change not in OnChange.values:
        raise PurposeInvalid(f"$.on_change: must be one of {', '.join(OnChange.values)}.")
    if terms.special_category and terms.legal_basis == LegalBasis.LEGITIMATE_INTEREST:
        raise PurposeInvalid("$.legal_basis: data of Art. 9 is never processed on a legitimate interest: ask for explicit consent.")
    if terms.soft_opt_in and not (terms.is_marketing and terms.legal_basis == LegalBasis.LEGITIMATE_INTEREST):
        raise PurposeInvalid("$.soft_opt_in: only marketing on a legitimate interest can have it (Directive 2002/58/EC, Art. 13(2)).")
    check_duration(terms.retention)
    check_duration(terms.consent_lasts)


def assign_all(workspace_id: int, things: Iterable[tuple[str, str]], purpose: str) -> int:
    """Have many things belong to a purpose, given as kind (one of `KINDS`) and name; how many they were.

    Raises PurposeUnknown, PurposeInvalid, ChangeHeld.
    """
    load_catalog(workspace_id).require(purpose)
    chosen = set(things)
    check_assigning(workspace_id, chosen, purpose)
    if not all(kind in KINDS and 0 < len(name) <= LONGEST_NAME for kind, name in chosen):
        raise PurposeInvalid(f"$.name: what is assigned has a kind and a name of {LONGEST_NAME} characters at most.")
    rows = [Assignment(workspace_id=workspace_id, kind=kind, name=name, purpose=purpose) for kind, name in sorted(chosen)]
    Assignment.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["workspace_id", "kind", "name"], update_fields=["purpose"], batch_size=MOST_NAMES
    )
    forget_catalogs()
    transaction.on_commit(forget_catalogs)
    return len(rows)


def assign(workspace_id: int, kind: str, name: str, purpose: str) -> None:
    """Have one thing belong to a purpose, as `assign_all`."""
    assign_all(workspace_id, [(kind, name)], purpose)


def read_assigned(workspace_id: int, things: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Where things belong (`KIND NAME` → purpose; empty: nowhere), for the register: contested they belong there again. Of 500 at most, of more nothing."""
    chosen = set(things)
    if len(chosen) > MOST_NAMES:
        return {}
    rows = Assignment.objects.filter(workspace_id=workspace_id, name__in={name for _, name in chosen})
    now = {(row.kind, row.name): row.purpose for row in rows}
    return {f"{kind} {name}": now.get((kind, name), "") for kind, name in sorted(chosen)}


def find_unassigned(workspace_id: int) -> dict[str, list[str]]:
    """Event names and attributes in use that no assignment names, at most 500 each: they are collected for `service`."""
    assigned: dict[str, set[str]] = {}
    for kind, name in Assignment.objects.filter(workspace_id=workspace_id).values_list("kind", "name"):
        assigned.setdefault(kind, set()).add(name)
    return {
        "event": _first(set(_event_names(workspace_id)) - assigned.get("event", set())),
        "attribute": _first(set(_attribute_names(workspace_id)) - assigned.get("attribute", set())),
    }


def _first(names: Iterable[str]) -> list[str]:
    return sorted(names)[:MOST_NAMES]


def _event_names(workspace_id: int) -> Iterator[str]:
    """Name after name from the index on names, one look each."""
    name = ""
    with connection.cursor() as cursor:
        for _ in range(MOST_NAMES):
            cursor.execute(
                "SELECT name FROM people_event WHERE workspace_id = %s AND name > %s ORDER BY name LIMIT 1", [workspace_id, name]
            )
            found = cursor.fetchone()
            if not found:
                return
            name = found[0]
            yield name


def _attribute_names(workspace_id: int) -> Iterator[str]:
    """Those of the newest people; reads no more."""
    newest = Person.objects.filter(workspace_id=workspace_id).order_by("-created_at", "-bucket", "-person_id")
    attributes: Mapping[str, Any]
    for attributes in newest.values_list("attributes", flat=True)[:NEWEST_PEOPLE]:
        yield from attributes
