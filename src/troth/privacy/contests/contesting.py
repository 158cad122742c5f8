"""Say that an instruction infringes the law, and write down what the controller says to it. Meanwhile it waits, where it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.messages.controls import CONTESTED, look_at_controls, stop_sending
from troth.privacy.contested import SCHEDULE
from troth.privacy.contests.changes import hold_change, is_change, name_change, release_change
from troth.privacy.contests.going_on import go_on, stay_stopped
from troth.privacy.desk.cases import find_request
from troth.privacy.history import By, Words, write_step
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.privacy.news import Contested, contests
from troth.workspaces.agreements.instructions import find_instruction

LONGEST = 5_000
REQUEST = "request"
REQUESTED = "request.opened"
SENDING = ("campaign", "newsletter")
WAYS = ("channel", "webhook")
"""By what data leaves: nothing does meanwhile."""
WAITING = (
    *(RequestState.RECEIVED, RequestState.AWAITING_CONFIRMATION, RequestState.IDENTITY_CHECK, RequestState.CLARIFICATION),
    *(RequestState.RUNNING, RequestState.EXTENDED),
)
"""States of a request of which nothing is carried out yet."""


class ContestImpossible(TrothError):
    """It cannot be contested, or settled, like this; the message begins with the field."""


class ContestUnknown(TrothError):
    """No such contested instruction."""

    def __init__(self) -> None:
        super().__init__("There is no such contested instruction in this workspace.")


def name_waiting(entry_id: int, action: str, detail: Mapping[str, Any]) -> str:
    """What of an instruction can wait, by what the audit log says of it; empty: it was carried out when it was given. Pure."""
    if change := name_change(entry_id, action, detail):
        return change
    if str(detail.get("call", "")).startswith("DELETE "):
        return ""
    for kind in (*SENDING, *WAYS, SCHEDULE.rstrip(":")):
        number = detail.get(kind)
        if isinstance(number, int) and not isinstance(number, bool):
            return f"{kind}:{number}"
    return ""


def contest_entry(workspace_id: int, entry_id: int, reason: str, *, by: By, now: int) -> ContestedInstruction:
    """Contest an entry of the register of instructions. Raises InstructionUnknown, ContestImpossible."""
    entry = find_instruction(workspace_id, entry_id)
    made = ContestedInstruction(
        entry_id=entry.entry_id,
        action=entry.action,
        detail=entry.detail,
        given_at=entry.at,
        waits=name_waiting(entry.entry_id, entry.action, entry.detail),
    )
    return _contest(made, workspace_id, reason, by, now)


def contest_request(workspace_id: int, request_id: UUID, reason: str, *, by: By, now: int) -> ContestedInstruction:
    """Contest a request that the controller sent, or had taken. Raises RequestNotFound, ContestImpossible."""
    request = find_request(workspace_id, request_id)
    made = ContestedInstruction(
        request_id=request.pk,
        action=REQUESTED,
        detail={"right": request.type},
        given_at=request.received_at,
        waits=REQUEST if request.state in WAITING else "",
    )
    return _contest(made, workspace_id, reason, by, now, request)


def _contest(
    made: ContestedInstruction, workspace_id: int, reason: str, by: By, now: int, request: PrivacyRequest | None = None
) -> ContestedInstruction:
    if not reason.strip():
        raise ContestImpossible("$.reason: say which rule it infringes, and why: the controller is told so.")
    made.workspace_id, made.reason, made.by, made.at, made.next_at = workspace_id, reason.strip()[:LONGEST], by.user_id, now, now
    kind = made.waits.partition(":")[0]
    made.has_stopped = kind in SENDING and not _is_stopped(workspace_id, made.waits)
    try:
        with transaction.atomic():
            if is_change(made.waits) and not hold_change(made, now):
                made.waits = ""
            made.save(force_insert=True)
            if made.has_stopped:
                stop_sending(workspace_id, made.waits, now=now, by="", why=CONTESTED)
            if request is not None:
                write_step(request, "contest", by, now, words=Words(made.reason))
            contests.tell(_news_of(made), now)
    except IntegrityError:
        raise ContestImpossible("$.reason: this instruction is contested already.") from None
    return made


def _is_stopped(workspace_id: int, source: str) -> bool:
    control = look_at_controls().get((workspace_id, source))
    return control is not None and control.stopped_at is not None


def settle(own: ContestedInstruction, outcome: str, said: str, *, by: By, now: int) -> ContestedInstruction:
    """Write down what the controller said: what is confirmed goes on; what is changed or withdrawn stays as it is until somebody changes it.

    A request that is withdrawn is closed. Raises ContestImpossible, and what a confirmed change of a purpose raises.
    """
    if outcome not in (Outcome.CONFIRMED, Outcome.CHANGED, Outcome.WITHDRAWN):
        raise ContestImpossible("$.outcome: it is confirmed, changed or withdrawn.")
    if not said.strip():
        raise ContestImpossible("$.said: write down what the controller said, by whom and how.")
    with transaction.atomic():
        values = {"outcome": outcome, "said": said.strip()[:LONGEST], "settled_by": by.user_id, "settled_at": now, "next_at": None}
        if not ContestedInstruction.objects.filter(pk=own.pk, outcome=Outcome.OPEN).update(**values):
            raise ContestImpossible("$.outcome: it is settled already.")
        own.refresh_from_db()
        if outcome == Outcome.CONFIRMED:
            go_on(own, by, now)
        else:
            stay_stopped(own, by, now)
        release_change(own, now)
        contests.tell(_news_of(own), now)
    return own


def _news_of(own: ContestedInstruction) -> Iterator[Contested]:
    """What other systems are told: the instruction, why it is contested, what waits; once it is settled also what the controller said."""
    plain = plain_contest(own)
    is_settled = own.outcome != Outcome.OPEN
    names = ("entry", "request", "action", "detail", "given_at", "reason", "waits", *(("outcome", "said") if is_settled else ()))
    yield Contested(own.workspace_id, is_settled, {"contest_id": str(own.pk), **{name: plain[name] for name in names}})


def find_contest(workspace_id: int, contest_id: int) -> ContestedInstruction:
    """Raises ContestUnknown."""
    found = ContestedInstruction.objects.filter(workspace_id=workspace_id, pk=contest_id).first()
    if found is None:
        raise ContestUnknown
    return found


def list_contests(workspace_id: int) -> Sequence[ContestedInstruction]:
    """What is open first, then the latest first."""
    found = ContestedInstruction.objects.filter(workspace_id=workspace_id).order_by("-at", "-pk")
    return sorted(found, key=lambda one: one.outcome != Outcome.OPEN)


def plain_contest(own: ContestedInstruction) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": own.pk,
        "entry": str(own.entry_id) if own.entry_id is not None else None,
        "request": str(own.request_id) if own.request_id is not None else None,
        "action": own.action,
        "detail": own.detail,
        "given_at": iso(own.given_at),
        "reason": own.reason,
        "at": iso(own.at),
        "waits": own.waits,
        "told_at": iso(own.told_at) if own.told_at else None,
        "trouble": own.trouble,
        "outcome": own.outcome,
        "said": own.said,
        "settled_at": iso(own.settled_at) if own.settled_at else None,
    }
