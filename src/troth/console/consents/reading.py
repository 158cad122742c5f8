"""Consent records out of millions: pages by time from an index, one record whole, and counts of what was refused. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import F, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from troth.consent.catalog import load_catalog
from troth.consent.decisions import NO_DECISION, load_decisions, make_facts
from troth.consent.evidence import hash_text
from troth.consent.gate import Operation, reason_against
from troth.consent.ledger.log import compute, head_of, leaf_of
from troth.consent.ledger.merkle import inclusion_holds, prove_inclusion
from troth.consent.models import EVERYTHING, Record, RefusedClaims, Stance, Standing
from troth.consent.notices import NoticeUnknown, read_text
from troth.console.naming import names_of
from troth.kernel.clock import DAY
from troth.kernel.ids import bucket_of

SHOWN = 50
WINDOW = 10_000
"""Records that one page looks through for what fits its filters; the next page goes on from there."""
PERMITTING = ("grant", "soft_opt_in")


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; times in milliseconds, the end excluded, of when it was recorded."""

    person_id: int | None = None
    purpose: str = ""
    decision: str = ""
    valid: bool | None = None
    rule: str = ""
    source: str = ""
    notice: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class RecordRow:
    """A record as a line; `person` is empty for somebody who is gone."""

    record: Record
    person: str
    purpose: str
    recorded_at: int


@dataclass(frozen=True)
class Page:
    """Records, where the next page begins, and whether this one ended before it was full because it had looked through enough."""

    rows: list[RecordRow]
    older: int | None
    is_cut: bool = False


@dataclass(frozen=True)
class Use:
    """Whether a record is what counts now. `reason`: why the gate says no; `later`: the record that came after, 0 for none."""

    counts: bool
    reason: str
    later: int


@dataclass(frozen=True)
class Place:
    """Where a record stands in the ledger. `holds`: the record is what was appended, and the path leads to the root; None: not appended yet."""

    leaf: int | None
    size: int
    holds: bool | None
    leaf_hash: str
    root: str


def recorded_at(record: Record) -> int:
    """When it was written down, in milliseconds: ids grow with time (`kernel.ids`)."""
    return (record.record_id >> 11) // 1_000


def first_id_at(ms: int) -> int:
    """The least id of a row made at a moment."""
    return max(0, ms) * 1_000 << 11


def read_page(workspace_id: int, wanted: Wanted, before: int | None) -> Page:
    """Records, the newest first. However rare what is wanted, no more than `WINDOW` records are looked through; of a person, all of theirs."""
    rows = Record.objects.filter(workspace_id=workspace_id)
    if before is not None:
        rows = rows.filter(record_id__lt=before)
    if wanted.since is not None:
        rows = rows.filter(record_id__gte=first_id_at(wanted.since))
    if wanted.until is not None:
        rows = rows.filter(record_id__lt=first_id_at(wanted.until))
    end = None
    if wanted.person_id is not None:
        rows = rows.filter(bucket=bucket_of(wanted.person_id), person_id=wanted.person_id)
    else:
        if wanted.valid is False or wanted.rule:
            # From the index of these few.
            rows = rows.filter(valid=False)
        end = next(iter(rows.order_by("-record_id").values_list("record_id", flat=True)[WINDOW - 1 : WINDOW]), None)
        rows = rows if end is None else rows.filter(record_id__gte=end)
    found = list(_narrow(rows, wanted).defer("salt").order_by("-record_id")[: SHOWN + 1])
    if len(found) > SHOWN:
        return Page(describe_records(workspace_id, found[:SHOWN]), found[SHOWN - 1].record_id)
    return Page(describe_records(workspace_id, found), end, is_cut=end is not None)


def _narrow(rows: QuerySet[Record], wanted: Wanted) -> QuerySet[Record]:
    for column in ("purpose", "decision", "source", "notice"):
        if value := getattr(wanted, column):
            rows = rows.filter(**{column: value})
    if wanted.valid is not None:
        rows = rows.filter(valid=wanted.valid)
    if wanted.valid and not wanted.decision:
        rows = rows.filter(decision__in=PERMITTING)
    if wanted.rule:
        rows = rows.alias(failed=Cast(F("rules"), TextField())).filter(failed__contains=f'"{wanted.rule}"')
    return rows


def describe_records(workspace_id: int, records: Sequence[Record]) -> list[RecordRow]:
    """With names of persons and purposes, in two reads however many."""
    names = names_of(workspace_id, {record.person_id for record in records}) if records else {}
    catalog = load_catalog(workspace_id)
    return [
        RecordRow(
            record=record,
            person=names.get(record.person_id, ""),
            purpose="" if record.purpose == EVERYTHING else rule.name if (rule := catalog.rule(record.purpose)) else record.purpose,
            recorded_at=recorded_at(record),
        )
        for record in records
    ]


def find_record(workspace_id: int, record_id: int) -> Record | None:
    """A record of the workspace."""
    return Record.objects.filter(workspace_id=workspace_id, record_id=record_id).first() if 0 < record_id < 2**63 else None


def read_shown(record: Record) -> str:
    """The text that the person saw: as it is kept for all, or as the evidence has it; empty where neither is the text of the record's hash."""
    if record.notice_hash:
        try:
            return read_text(record.workspace_id, record.notice_hash)
        except NoticeUnknown:
            pass
    told = record.evidence.get("notice")
    return told if isinstance(told, str) and record.notice_hash in ("", hash_text(told)) else ""


def read_use(record: Record, now: int) -> Use:
    """Whether the record is what decides now, and what the gate makes of it."""
    key = {"bucket": record.bucket, "person_id": record.person_id, "purpose": record.purpose}
    standing = Stance.objects.filter(**key).values_list("record_id", flat=True).first() or 0
    if record.purpose == EVERYTHING:
        return Use(record.record_id == standing, "", standing if standing > record.record_id else 0)
    said = load_decisions([record.person_id]).get(record.person_id, {})
    restricted = said.get(EVERYTHING, NO_DECISION).standing == Standing.REFUSED
    facts = make_facts(load_catalog(record.workspace_id).rule(record.purpose), said.get(record.purpose), restricted=restricted)
    reason = reason_against(facts, Operation.PROFILE, now)
    return Use(record.record_id == standing, reason, standing if standing > record.record_id else 0)


def prove_place(record: Record) -> Place:
    """The place of a record in the ledger of its workspace, tried against the root as it stands."""
    if record.leaf is None:
        return Place(None, 0, None, "", "")
    size, root = head_of(record.workspace_id)
    own = leaf_of(record)
    holds = record.leaf < size and inclusion_holds(
        own, record.leaf, size, compute(record.workspace_id, partial(prove_inclusion, record.leaf, size)), root
    )
    return Place(record.leaf, size, holds, own.hex(), root.hex())


def count_refused_days(workspace_id: int, days: Sequence[int]) -> list[int]:
    """Refused claims of consecutive days since 1970, UTC."""
    rows = RefusedClaims.objects.filter(workspace_id=workspace_id, day__gte=days[0], day__lte=days[-1])
    found: Mapping[int, int] = dict(rows.values_list("day").annotate(number=Sum("refused")))
    return [found.get(day, 0) for day in days]


def count_refused_rules(workspace_id: int, since: int) -> list[tuple[str, str, int]]:
    """Source, rule and number of the claims refused since a moment, the most first."""
    rows = RefusedClaims.objects.filter(workspace_id=workspace_id, day__gte=since // DAY)
    return list(rows.values_list("source", "rule").annotate(number=Sum("refused")).order_by("-number", "source", "rule"))
