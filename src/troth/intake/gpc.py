"""Global Privacy Control at the doors of browsers: `Sec-GPC: 1` objects to data being sold or shared (W3C; Art. 21(5) GDPR).

It concerns the purposes that are declared `sharing`. Of somebody known it is recorded once, as an objection with the method `gpc`; what they agree to
specifically after that stands, although the browser goes on saying it. Of somebody unknown nothing is stored for such a purpose, and so nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from troth.consent.decisions import NO_DECISION, DecisionRow, Said
from troth.consent.models import Standing
from troth.intake.commands import Command
from troth.intake.plan import Plan
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, select_by_keys

METHOD = "gpc"


def mark_gpc(commands: Sequence[Command]) -> list[Command]:
    """The same commands, as said by a browser that objects."""
    return [msgspec.structs.replace(command, gpc=True) for command in commands]


def find_heeded(person_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Persons and purposes for which the signal was recorded before; one read."""
    keys = [(bucket_of(person_id), person_id) for person_id in person_ids]
    rows = select_by_keys(
        "SELECT r.person_id, r.purpose",
        f"JOIN consent_record r ON r.bucket = k.column1 AND r.person_id = k.column2 AND r.method = '{METHOD}'",
        keys,
        PERSON_KEY,
    )
    return {(person_id, purpose) for person_id, purpose in rows}


def heed(plan: Plan, command: Command, person_id: int) -> None:
    """Record the objection where the person has not refused already, nor agreed since it was recorded first."""
    for purpose in plan.catalog(command.workspace_id).sharing:
        standing = (plan.stood(person_id, purpose) or NO_DECISION).standing
        if standing == Standing.REFUSED or (standing == Standing.GRANTED and (person_id, purpose) in plan.heeded):
            continue
        plan.add_decision(
            DecisionRow(
                subject=Subject(command.workspace_id, person_id),
                purpose=purpose,
                said=Said.OBJECT,
                at=command.received_at,
                method=METHOD,
                source=command.source,
                purpose_version=plan.catalog(command.workspace_id).purposes[purpose].version,
            )
        )
