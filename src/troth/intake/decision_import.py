"""Importing decisions on purposes from a CSV file, row by row through the one door: what cannot be proven is recorded and permits nothing.

A row names a person (`id`, `email`, `phone`, or `person` with Troth's own id; somebody unknown becomes known by a refusal alone), a `purpose` and a `decision`; every field of evidence
(`consent.evidence`) is a column of its own, parts of one with a dot (`double_opt_in.method`), several values with `|` between them. A file can be
imported again: rows that were recorded are passed over. Refusals count from the import on, whatever date they bring along.
"""

from __future__ import annotations

import csv
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any, Union, get_args, get_origin

import msgspec
from django.db import transaction

from troth.consent.catalog import load_catalog
from troth.consent.evidence import Confirmation, Evidence, Guardian, moment_of
from troth.intake.addressing import identity_of
from troth.intake.commands import ACCEPTED, CLAIMS, DROPPED, REFUSALS, VOID_CLAIM, Decide, Decision, Identity, Outcome
from troth.intake.door import apply
from troth.kernel.errors import TrothError
from troth.kernel.ids import bucket_of
from troth.kernel.json_text import decode, encode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.people.identifiers import EMAIL, EXTERNAL_ID, PHONE, Handle, make_handle
from troth.people.queries import find_active, find_holders

SOURCE = METHOD = "import"
BATCH = 500
MOST_PROBLEMS = 1_000
LONGEST_LINE = 100_000
"""Characters of one cell."""
WHO = {"id": EXTERNAL_ID, "email": EMAIL, "phone": PHONE}
PERSON = "person"
NEEDED = ("purpose", "decision")
ROW = "import_row"
"""In the evidence of a record: what row it came from, so that the same row is not recorded twice."""
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_PARTS = {"double_opt_in": Confirmation, "guardian": Guardian}


class FileRefused(TrothError):
    """A file that cannot be read as decisions; nothing of it was recorded."""


class RowRefused(TrothError):
    """A row that says nothing that could be recorded."""


@dataclass
class Report:
    """What became of a file: `counts` by outcome, and what was wrong, by line."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0

    def note(self, line: int, outcome: str, why: str = "") -> None:
        """Count a row, and keep why it permits nothing, of the first thousand."""
        self.rows += 1
        self.counts[outcome] += 1
        if why and len(self.problems) < MOST_PROBLEMS:
            self.problems.append((line, why))


@dataclass(frozen=True)
class Row:
    """A row that was understood; `who` are the identifiers that it names."""

    line: int
    who: Identity
    purpose: str
    decision: Decision
    evidence: dict[str, Any]


def import_decisions(
    workspace_id: int,
    lines: Iterable[str],
    report: Report,
    *,
    now: int,
    is_trial: bool = False,
    tell: Callable[[Report], None] | None = None,
) -> Report:
    """Record the decisions of a file, batch by batch, into a `report` that is told after each. With `is_trial` nothing is kept.

    Raises FileRefused before anything is recorded where the head of the file is wrong.
    """
    reader = csv.reader(lines, strict=True)
    columns = _read_head(reader)
    while batch := list(islice(_read_rows(reader, columns, report), BATCH)):
        _record(workspace_id, batch, report, now, is_trial=is_trial)
        if tell:
            tell(report)
    return report


def _read_head(reader: Any) -> list[str]:
    head = [name.strip() for name in next(reader, [])]
    if head:
        head[0] = head[0].removeprefix("\ufeff")
    known = list_columns()
    strange = [name for name in head if name not in known]
    if strange:
        raise FileRefused(f"Unknown columns: {', '.join(strange[:5])}. Known are: {', '.join(known)}.")
    if len(set(head)) < len(head):
        raise FileRefused("A column stands twice in the first line.")
    missing = [name for name in NEEDED if name not in head]
    if missing or not any(name in head for name in (*WHO, PERSON)):
        raise FileRefused(
            "The first line names the columns: one of id, email, phone or person, then purpose and decision, then what proves it."
        )
    return head


def list_columns() -> list[str]:
    """All columns that a file may have."""
    found = [*WHO, PERSON, *NEEDED]
    for name in Evidence.__struct_fields__:
        parts = _PARTS.get(name)
        found += [f"{name}.{part}" for part in parts.__struct_fields__] if parts else [] if name == "says" else [name]
    return [*found, "source_url"]


def _read_rows(reader: Any, columns: Sequence[str], report: Report) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
            if any(cell.strip() for cell in cells):
                yield _read_row(reader.line_num, columns, cells)
        except StopIteration:
            return
        except (csv.Error, RowRefused) as error:
            report.note(reader.line_num, "bad", str(error))


def _read_row(line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    """A row as it was meant. Raises RowRefused, which names the column."""
    if len(cells) != len(columns):
        raise RowRefused(f"{len(cells)} cells where the first line names {len(columns)} columns: check commas and quotation marks.")
    said = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if cell.strip()}
    if any("\0" in cell or len(cell) > LONGEST_LINE for cell in said.values()):
        raise RowRefused("A cell holds the character NUL, or is too long.")
    person = said.pop(PERSON, "")
    if person and not (person.isascii() and person.isdigit() and 0 < int(person) < 2**63):
        raise RowRefused("person: Troth's own id is a number.")
    who = {name: said.pop(name, None) for name in WHO}
    if not person and not any(who.values()):
        raise RowRefused("It names nobody: give id, email, phone or person.")
    purpose, decision = said.pop("purpose", ""), said.pop("decision", "").lower()
    if decision not in set(Decision):
        raise RowRefused(f"decision: one of {', '.join(Decision)}.")
    identity = Identity(person_id=int(person)) if person else Identity(external_id=who["id"], email=who["email"], phone=who["phone"])
    return Row(line, identity, purpose, Decision(decision), _read_proof(said))


def _read_proof(said: Mapping[str, str]) -> dict[str, Any]:
    proof: dict[str, Any] = {}
    for name, cell in said.items():
        whole, _dot, part = name.partition(".")
        kind = _type_of(_PARTS[whole], part) if part else str if name == "source_url" else _type_of(Evidence, name)
        value = _read_cell(name, cell, kind)
        if part:
            proof.setdefault(whole, {})[part] = value
        else:
            proof[name] = value
    if "decided_at" in proof and moment_of(proof["decided_at"]) is None:
        raise RowRefused("decided_at: write a time as 2026-01-31T12:00:00Z, or a date as 2026-01-31.")
    return proof


def _type_of(struct: Any, name: str) -> Any:
    return next(one.type for one in msgspec.structs.fields(struct) if one.name == name)


def _read_cell(name: str, cell: str, kind: Any) -> Any:
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if get_origin(kind) is list:
        return [part.strip() for part in cell.split("|") if part.strip()]
    if bool in kinds:
        if cell.lower() not in TRUTHS:
            raise RowRefused(f"{name}: write true or false.")
        return TRUTHS[cell.lower()]
    if int in kinds and str not in kinds:
        if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
            raise RowRefused(f"{name}: write a number.")
        return int(cell)
    return cell


def _record(workspace_id: int, rows: Sequence[Row], report: Report, now: int, *, is_trial: bool) -> None:
    """One batch, in one transaction."""
    found = _find_persons(workspace_id, rows)
    done = _find_done({subject.person_id for subjects in found for subject in subjects})
    catalog = load_catalog(workspace_id)
    asked: list[tuple[Row, Decide]] = []
    for row, subjects in zip(rows, found, strict=True):
        rule = catalog.rule(row.purpose)
        if rule is None or (rule.archived and row.decision in CLAIMS):
            report.note(row.line, "unknown_purpose", f"There is no such purpose in use: {row.purpose or 'none is named'}.")
        elif not subjects and row.decision in REFUSALS and row.who.person_id is None:
            # An opt-out of somebody unknown is not forgotten: the door makes them known by it.
            asked.append((row, _command(row, row.who, workspace_id, _name_row(row), now)))
        elif not subjects:
            report.note(row.line, "unknown_person", "Nobody in this workspace has this identifier: send the person first.")
        elif len(subjects) > 1 and row.decision in CLAIMS:
            report.note(row.line, "ambiguous", "Several people have this identifier: name one by person.")
        else:
            fresh = [(subject, name) for subject in subjects if (name := _name_row(row)) not in done.get(subject.person_id, ())]
            if not fresh:
                report.note(row.line, "repeated")
            for subject, name in fresh:
                done.setdefault(subject.person_id, set()).add(name)
                asked.append((row, _command(row, identity_of(subject), workspace_id, name, now)))
    with transaction.atomic():
        outcomes = apply([command for _, command in asked], now=now) if asked else []
        transaction.set_rollback(is_trial)
    for (row, _), outcome in zip(asked, outcomes, strict=True):
        report.note(row.line, *_tell(outcome))


def _command(row: Row, identity: Identity, workspace_id: int, name: str, now: int) -> Decide:
    return Decide(
        workspace_id=workspace_id,
        identity=identity,
        source=SOURCE,
        received_at=now,
        decision=row.decision,
        purpose=row.purpose,
        method=METHOD,
        evidence={**row.evidence, ROW: name},
    )


def _name_row(row: Row) -> str:
    return sha256(encode([row.purpose, row.decision, sorted(row.evidence.items())]).encode()).hexdigest()[:32]


def _tell(outcome: Outcome) -> tuple[str, str]:
    rules = " ".join(f"{finding.code}: {finding.why} {finding.mend}" for finding in outcome.findings)
    if outcome.status == VOID_CLAIM:
        return "void", f"Void, and not recorded. {rules}"
    if outcome.status == DROPPED:
        return "suppressed", "Somebody with this identifier was erased and must stay erased."
    if outcome.status != ACCEPTED:
        return outcome.status, "Not recorded."
    return ("unproven", f"Recorded, and permits nothing. {rules}") if outcome.findings else ("recorded", "")


def _find_persons(workspace_id: int, rows: Sequence[Row]) -> list[list[Subject]]:
    """Whom each row names, by the first of its identifiers that somebody has; two reads for all."""
    handles = [_handles_of(workspace_id, row.who) for row in rows]
    holders = find_holders(handle.tag for own in handles for handle in own)
    named = {row.who.person_id for row in rows if row.who.person_id is not None}
    active = find_active({*named, *(person_id for held_by in holders.values() for person_id in held_by)})
    found = []
    for row, own in zip(rows, handles, strict=True):
        own_id = row.who.person_id
        ids = [own_id] if own_id is not None else next((list(holders[one.tag]) for one in own if one.tag in holders), [])
        found.append([Subject(workspace_id, person_id) for person_id in ids if active.get(person_id) == workspace_id])
    return found


def _handles_of(workspace_id: int, who: Identity) -> list[Handle]:
    given = ((EXTERNAL_ID, who.external_id), (EMAIL, who.email), (PHONE, who.phone))
    return [handle for kind, value in given if value and (handle := make_handle(workspace_id, kind, value))]


def _find_done(person_ids: set[int]) -> dict[int, set[str]]:
    """The rows that were recorded of persons before; one read."""
    rows = select_by_keys(
        "SELECT r.person_id, r.evidence",
        f"JOIN consent_record r ON r.bucket = k.column1 AND r.person_id = k.column2 AND r.source = '{SOURCE}'",
        [(bucket_of(person_id), person_id) for person_id in sorted(person_ids)],
        PERSON_KEY,
    )
    done: dict[int, set[str]] = {}
    for person_id, evidence in rows:
        kept = decode(evidence) if isinstance(evidence, str | bytes) else evidence
        if isinstance(kept, dict) and isinstance(kept.get(ROW), str):
            done.setdefault(person_id, set()).add(kept[ROW])
    return done
