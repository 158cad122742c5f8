"""Decisions of persons: recording them, and reading where somebody stands."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.gate import Facts, Operation, Verdict, decide
from troth.consent.models import EVERYTHING, Record, Stance, Standing
from troth.kernel.bulletins import Bulletin
from troth.kernel.ids import bucket_of, new_row_id
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, insert_rows, select_by_keys
from troth.people.models import PersonState

SCHEMA = 2
"""Of the records written now; see `ledger.log.TOLD`."""
SALT = 32
"""Bytes."""
INSERT_STANCE = (
    "INSERT INTO consent_stance (bucket, person_id, purpose, workspace_id, standing, record_id, at, valid_until, purpose_version)"
)


class Said(StrEnum):
    """What is recorded of a person's will, or of a restriction of processing."""

    GRANT = "grant"
    SOFT_OPT_IN = "soft_opt_in"
    """A customer who bought and did not object (Directive 2002/58/EC, Art. 13(2)); said by the controller, not by the person."""
    WITHDRAW = "withdraw"
    OBJECT = "object"
    REFUSE = "refuse"
    """Asked, the person said no."""
    DEFER = "defer"
    """Asked, the person closed the question."""
    RESTRICT = "restrict"
    LIFT = "lift"


class Stood(NamedTuple):
    """A standing decision as the gate sees it."""

    standing: int
    decided_at: int = 0
    valid_until: int | None = None
    purpose_version: int = 0


NO_DECISION = Stood(int(Standing.NONE))


class Earlier(NamedTuple):
    """Where a person stood on a purpose before it was restricted, and the record that said so."""

    record_id: int
    stood: Stood


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A decision to append. A grant that is not `valid` is recorded but permits nothing."""

    subject: Subject
    purpose: str
    """`EVERYTHING` for a restriction of all processing and its lifting."""
    said: Said
    valid: bool = True
    at: int
    method: str
    source: str
    evidence: dict[str, Any] = {}
    purpose_version: int = 0
    valid_until: int | None = None
    """When a consent ends by itself, in milliseconds."""
    state: str = ""
    """As `Record.state`."""
    notice: str = ""
    notice_version: str = ""
    notice_hash: str = ""
    language: str = ""
    rules: tuple[str, ...] = ()
    back_to: Earlier | None = None
    """Of the lifting of one purpose's restriction: where the person stands again; None: nowhere."""

    @property
    def standing(self) -> Standing | None:
        """Where the person stands from then on; None: where they stood before."""
        if self.said in (Said.GRANT, Said.SOFT_OPT_IN):
            return Standing.GRANTED if self.valid else None
        if self.said is Said.DEFER:
            return None
        if self.said is Said.LIFT:
            return Standing(self.back_to.stood.standing) if self.back_to else Standing.NONE
        return Standing.REFUSED

    @property
    def stood(self) -> Stood:
        """As the gate sees it."""
        return (
            self.back_to.stood
            if self.back_to
            else Stood(int(self.standing or Standing.NONE), self.at, self.valid_until, self.purpose_version)
        )


class Decided(NamedTuple):
    """A decision that was recorded, and where the person stood on the same purpose before."""

    row: DecisionRow
    before: int


decided: Bulletin[Decided] = Bulletin()


def record_decisions(rows: Sequence[DecisionRow], *, now: int) -> None:
    """Append decisions and move the standing ones; a withdrawal always counts, a grant only when valid (Art. 7 GDPR)."""
    if not rows:
        return
    held = load_stances({row.subject.person_id for row in rows}) if decided.is_heard() else {}
    numbered = [(new_row_id(), row) for row in rows]
    insert_rows(
        "INSERT INTO consent_record (bucket, person_id, record_id, workspace_id, purpose, decision, valid, at, method, source, evidence,"
        " subject_ref, salt, schema, state, purpose_version, notice, notice_version, notice_hash, language, valid_until, rules)",
        [
            (
                row.subject.bucket,
                row.subject.person_id,
                record_id,
                row.subject.workspace_id,
                row.purpose,
                row.said.value,
                row.valid,
                row.at,
                row.method,
                row.source,
                encode(row.evidence),
                row.subject.person_id,
                secrets.token_bytes(SALT),
                SCHEMA,
                row.state,
                row.purpose_version,
                row.notice,
                row.notice_version,
                row.notice_hash,
                row.language,
                row.valid_until,
                encode(row.rules),
            )
            for record_id, row in numbered
        ],
    )
    _note_claims(numbered)
    stances = {
        (row.subject.person_id, row.purpose): (
            row.subject.bucket,
            row.subject.person_id,
            row.purpose,
            row.subject.workspace_id,
            row.stood.standing,
            row.back_to.record_id if row.back_to else record_id,
            *row.stood[1:],
        )
        for record_id, row in numbered
        if row.standing is not None
    }
    insert_rows(
        INSERT_STANCE,
        list(stances.values()),
        "ON CONFLICT (bucket, person_id, purpose) DO UPDATE SET standing = EXCLUDED.standing, record_id = EXCLUDED.record_id,"
        " at = EXCLUDED.at, valid_until = EXCLUDED.valid_until, purpose_version = EXCLUDED.purpose_version",
    )
    nowhere: dict[str, int] = {}
    decided.tell((Decided(row, held.get(row.subject.person_id, nowhere).get(row.purpose, int(Standing.NONE))) for row in rows), now)


def _note_claims(numbered: Sequence[tuple[int, DecisionRow]]) -> None:
    """A grant that permits nothing is known of, where nothing else is: standing `none` (DPV: consent unknown)."""
    claims = {
        (row.subject.bucket, row.subject.person_id, row.purpose): (
            row.subject.workspace_id,
            int(Standing.NONE),
            record_id,
            row.at,
            None,
            row.purpose_version,
        )
        for record_id, row in numbered
        if row.standing is None
    }
    insert_rows(
        INSERT_STANCE,
        [(*key, *facts) for key, facts in claims.items()],
        "ON CONFLICT DO NOTHING",
    )


def load_decisions(person_ids: Iterable[int]) -> dict[int, dict[str, Stood]]:
    """The standing decisions of persons, per purpose, and under `EVERYTHING` whether they are restricted; purposes without one are absent."""
    keys = [(bucket_of(p), p) for p in person_ids]
    rows = select_by_keys(
        "SELECT s.person_id, s.purpose, s.standing, s.at, s.valid_until, s.purpose_version",
        "JOIN consent_stance s ON s.bucket = k.column1 AND s.person_id = k.column2",
        keys,
        PERSON_KEY,
    )
    found: dict[int, dict[str, Stood]] = {}
    for person_id, purpose, *stood in rows:
        found.setdefault(person_id, {})[purpose] = Stood(*stood)
    return found


def load_stances(person_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Where persons stand by what they said last, as `load_decisions`; whether that still counts is for the gate to say."""
    found = load_decisions(person_ids)
    return {person_id: {purpose: stood.standing for purpose, stood in said.items()} for person_id, said in found.items()}


def is_restricted(stances: Mapping[str, int]) -> bool:
    """Whether somebody who stands so is restricted (Art. 18)."""
    return stances.get(EVERYTHING) == Standing.REFUSED


def find_frozen(subject: Subject, purposes: Iterable[str]) -> list[str]:
    """Those of the purposes that stand still for a person by a restriction of their own, and not by what the person decided."""
    stances = Stance.objects.filter(
        bucket=subject.bucket, person_id=subject.person_id, purpose__in=list(purposes), standing=Standing.REFUSED
    )
    by_record = dict(stances.values_list("record_id", "purpose"))
    records = Record.objects.filter(
        bucket=subject.bucket, person_id=subject.person_id, record_id__in=list(by_record), decision=Said.RESTRICT
    )
    return sorted(by_record[record_id] for record_id in records.values_list("record_id", flat=True))


def find_earlier(subject: Subject, purpose: str) -> Earlier | None:
    """Where a person stood on a purpose by the last record that moved them, restrictions aside; None: nowhere."""
    told = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, purpose=purpose)
    moved = told.exclude(decision__in=(Said.RESTRICT, Said.LIFT, Said.DEFER)).exclude(
        decision__in=(Said.GRANT, Said.SOFT_OPT_IN), valid=False
    )
    last = moved.order_by("-record_id").first()
    if last is None:
        return None
    standing = Standing.GRANTED if last.decision in (Said.GRANT, Said.SOFT_OPT_IN) else Standing.REFUSED
    return Earlier(last.record_id, Stood(int(standing), last.at, last.valid_until, last.purpose_version))


def make_facts(
    rule: PurposeRule | None, stood: Stood | None, *, restricted: bool = False, being_erased: bool = False, suppressed: bool = False
) -> Facts:
    """What the gate looks at, from a purpose, the standing decision on it, and what stands against every purpose."""
    stood = stood or NO_DECISION
    return Facts(
        basis=rule.basis if rule else None,
        is_marketing=rule is not None and rule.is_marketing,
        standing=stood.standing,
        decided_at=stood.decided_at,
        valid_until=stood.valid_until,
        material_since=rule.material_since if rule else 0,
        changed_at=rule.changed_at if rule else 0,
        archived=rule is not None and rule.archived,
        imbalance=rule is not None and rule.imbalance,
        soft_opt_in=rule is not None and rule.soft_opt_in,
        suppressed=suppressed,
        being_erased=being_erased,
        restricted=restricted,
    )


FactsKey = tuple[int, str, int]
"""Workspace, purpose and person."""


def load_facts(workspace_id: int, person_ids: Iterable[int], purpose: str) -> dict[int, Facts]:
    """What the gate needs about persons for one purpose; somebody who is gone counts as being erased."""
    found = load_all_facts((workspace_id, purpose, person_id) for person_id in person_ids)
    return {person_id: facts for (_, _, person_id), facts in found.items()}


def load_all_facts(wanted: Iterable[FactsKey]) -> dict[FactsKey, Facts]:
    """`load_facts` for many purposes at once: two reads, however many persons, purposes and workspaces there are."""
    asked = set(wanted)
    people = sorted({person_id for _, _, person_id in asked})
    keys = [(bucket_of(p), p) for p in people]
    states = dict(
        select_by_keys(
            "SELECT p.person_id, p.state",
            "JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2",
            keys,
            PERSON_KEY,
        )
    )
    said = load_decisions(people)
    nothing: dict[str, Stood] = {}
    return {
        (workspace_id, purpose, p): make_facts(
            load_catalog(workspace_id).rule(purpose),
            said.get(p, nothing).get(purpose),
            being_erased=states.get(p) != PersonState.ACTIVE,
            restricted=said.get(p, nothing).get(EVERYTHING, NO_DECISION).standing == Standing.REFUSED,
        )
        for workspace_id, purpose, p in asked
    }


def decide_for(subject: Subject, purpose: str, operation: Operation, at: int) -> Verdict:
    """The gate for one person, on the facts as they stand in the database."""
    facts = load_facts(subject.workspace_id, [subject.person_id], purpose)[subject.person_id]
    return decide(facts, purpose=purpose, operation=operation, at=at)
