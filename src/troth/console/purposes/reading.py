"""What the room shows: purposes with what belongs to them and who stands where, versions with their changes, and what is assigned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.http import Http404

from troth.campaigns.models import Campaign
from troth.consent.catalog import PurposeUnknown, load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.consent.models import KINDS, Assignment, LegalBasis, Notice, OnChange, Purpose, PurposeVersion, Standing
from troth.consent.purposes import PurposeTerms, find_purpose, find_unassigned, list_purposes, list_versions
from troth.console.purposes.wording import list_changes, name_basis
from troth.console.reach import Reach, choose_people, count_people
from troth.kernel.sql import is_sqlite

MOST_SHOWN = 200
"""Of things in one list."""
NOBODY = Reach(0, exact=True)
Stances = Mapping[tuple[str, int], Reach]


@dataclass(frozen=True)
class PurposeRow:
    """A purpose of the list."""

    purpose: Purpose
    basis: str
    things: int
    granted: Reach
    refused: Reach


@dataclass(frozen=True)
class Change:
    """A version, with what it changed since the one before."""

    version: PurposeVersion
    lines: list[tuple[str, str]]

    @property
    def at(self) -> int | None:
        """Since when; None: since the workspace was made."""
        return self.version.at or None


@dataclass(frozen=True)
class Belonging:
    """What belongs to one purpose."""

    things: list[tuple[str, list[str]]]
    """Kind of thing → names, the first ones."""
    is_cut: bool
    campaigns: list[Campaign]
    notices: list[Notice]

    @property
    def is_empty(self) -> bool:
        """Whether nothing belongs to it."""
        return not (self.things or self.campaigns or self.notices)


@dataclass(frozen=True)
class Ending:
    """What a material change does to those who agreed before. `ends`: their consent counts no more; else until they answer anew."""

    ends: bool
    reach: Reach


@dataclass(frozen=True)
class Thing:
    """Something in use, and the name of the purpose it is collected for; no purpose: nobody assigned it."""

    kind: str
    name: str
    purpose: str = ""

    @property
    def code(self) -> str:
        """As a form posts it."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Things:
    """What the page of assignments shows. `is_cut`: there are more than are shown."""

    unassigned: list[Thing] = field(default_factory=list)
    assigned: list[Thing] = field(default_factory=list)
    is_cut: bool = False


def get_purpose(workspace_id: int, key: str) -> Purpose:
    """A purpose of the workspace. Raises Http404."""
    try:
        return find_purpose(workspace_id, key)
    except PurposeUnknown:
        raise Http404 from None


def describe_purposes(workspace_id: int) -> list[PurposeRow]:
    """All purposes, those in use first."""
    things = Counter(Assignment.objects.filter(workspace_id=workspace_id).values_list("purpose", flat=True))
    stances = count_stances(workspace_id)
    return [
        PurposeRow(
            purpose=purpose,
            basis=name_basis(purpose.legal_basis),
            things=things[purpose.key],
            granted=stances.get((purpose.key, Standing.GRANTED), NOBODY),
            refused=stances.get((purpose.key, Standing.REFUSED), NOBODY),
        )
        for purpose in sorted(list_purposes(workspace_id), key=lambda one: (one.archived, one.name.casefold()))
    ]


def count_stances(workspace_id: int) -> Stances:
    """How many persons agreed to or refused each purpose, counted or estimated in one read along the key of persons."""
    asked, values, factor = choose_people(workspace_id)
    # Without statistics SQLite would walk through all stances of the workspace.
    join = "CROSS JOIN" if is_sqlite() else "JOIN"
    where = "s.bucket = p.bucket AND s.person_id = p.person_id AND s.standing <> 0"
    on = f"WHERE {where} AND {asked}" if is_sqlite() else f"ON {where} WHERE {asked}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.purpose, s.standing, COUNT(*) FROM people_person p {join} consent_stance s {on} GROUP BY s.purpose, s.standing",
            values,
        )
        return {(purpose, standing): Reach(number * factor, exact=factor == 1) for purpose, standing, number in cursor.fetchall()}


def count_permitted(workspace_id: int, key: str, now: int) -> Reach:
    """Whose data may be used for a purpose now: what the gate says, asked of all or of a sample."""
    return count_people(workspace_id, *permitted_where(load_catalog(workspace_id).rule(key), Operation.PROFILE, at=now))


def foresee_ending(purpose: Purpose, after: PurposeTerms, now: int) -> Ending | None:
    """What a material change would do to the consents that count now; None where nothing rests on consent."""
    if purpose.legal_basis != LegalBasis.CONSENT:
        return None
    ends = OnChange.INVALIDATE in (purpose.on_change, after.on_change)
    return Ending(ends, count_permitted(purpose.workspace_id, purpose.key, now))


def read_history(workspace_id: int, key: str) -> list[Change]:
    """The versions of a purpose, the newest first, each with what it changed."""
    versions = list_versions(workspace_id, key)
    before = [version.snapshot for version in versions[1:]]
    changes = [list_changes(old, version.snapshot) for version, old in zip(versions, before, strict=False)]
    return [Change(version, lines) for version, lines in zip(versions, [*changes, []], strict=True)]


def read_belonging(workspace_id: int, key: str) -> Belonging:
    """What is assigned to a purpose, the campaigns under it and the notices that ask about it; the first of each."""
    assigned = Assignment.objects.filter(workspace_id=workspace_id, purpose=key).order_by("kind", "name")
    found = list(assigned.values_list("kind", "name")[: MOST_SHOWN + 1])
    by_kind = [(kind, [name for own, name in found[:MOST_SHOWN] if own == kind]) for kind in KINDS]
    return Belonging(
        things=[(kind, names) for kind, names in by_kind if names],
        is_cut=len(found) > MOST_SHOWN,
        campaigns=list(Campaign.objects.filter(workspace_id=workspace_id, purpose=key).order_by("name")[:MOST_SHOWN]),
        notices=[one for one in Notice.objects.filter(workspace_id=workspace_id).order_by("title") if key in one.purposes],
    )


def find_things(workspace_id: int, part: str = "", purpose: str = "") -> Things:
    """Events and attributes in use, whose name contains `part`; those assigned can be narrowed to one purpose."""
    part = part.strip().casefold()
    found = find_unassigned(workspace_id) if not purpose else {}
    unassigned = [Thing(kind, name) for kind, names in found.items() for name in names if part in name.casefold()]
    catalog = load_catalog(workspace_id)
    names: Sequence[tuple[str, Mapping[str, str]]] = (("event", catalog.events), ("attribute", catalog.attributes))
    assigned = [
        Thing(kind, name, rule.name if (rule := catalog.rule(own)) else own)
        for kind, owners in names
        for name, own in sorted(owners.items())
        if part in name.casefold() and purpose in ("", own)
    ]
    return Things(unassigned[:MOST_SHOWN], assigned[:MOST_SHOWN], max(len(unassigned), len(assigned)) > MOST_SHOWN)


def find_homeless(workspace_id: int) -> list[Campaign]:
    """Campaigns whose purpose does not exist or is archived: they send nothing."""
    known = load_catalog(workspace_id).purposes
    return list(Campaign.objects.filter(workspace_id=workspace_id).exclude(purpose__in=known).order_by("name")[:MOST_SHOWN])
