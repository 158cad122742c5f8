"""Contested changes of purposes, and of what is collected or measured: which they are, by the register, and how they are held (`consent.holding`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.consent.held import ASSIGNMENT, COLLECTING, MEASURING, PURPOSE, name_datum, name_purpose
from troth.consent.holding import hold_assignment, hold_clearing, hold_collecting, hold_measuring, hold_terms, hold_use, release
from troth.privacy.inventory.clearing import is_clearing, stop_clearing
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.workspaces.measuring import SWITCHES

CREATED, REVISED, ARCHIVED, RESTORED = "purpose.created", "purpose.revised", "purpose.archived", "purpose.restored"
ASSIGNED, MEASURED = "purpose.assigned", "measuring.changed"
STOPPED, RESUMED, CLEARED = "collecting.stopped", "collecting.resumed", "collecting.cleared"
ARCHIVES = {CREATED: False, ARCHIVED: True, RESTORED: False}
"""What an act makes of a purpose: given up, or not."""


def name_change(entry_id: int, action: str, detail: Mapping[str, Any]) -> str:
    """What of an instruction can wait; empty: it is no change of this kind, or was written down before it could. Pure."""
    if action == ASSIGNED:
        return f"{ASSIGNMENT}{entry_id}" if detail.get("before") else ""
    if action == MEASURED:
        return f"{MEASURING}{entry_id}" if _switches(detail) else ""
    if action in ARCHIVES or (action == REVISED and detail.get("version")):
        return name_purpose(str(detail["purpose"])) if detail.get("purpose") else ""
    if action in (STOPPED, RESUMED, CLEARED) and detail.get("kind"):
        return name_datum(*_datum(detail))
    return ""


def hold_change(own: ContestedInstruction, now: int) -> bool:
    """Set back what a contested instruction changed; False where nothing of it is in force any more. In the transaction that contests it."""
    detail, workspace_id = own.detail, own.workspace_id
    if own.action == REVISED:
        return hold_terms(workspace_id, detail["purpose"], int(detail["version"]), now=now)
    if own.action in ARCHIVES:
        return hold_use(workspace_id, detail["purpose"], archived=ARCHIVES[own.action], now=now)
    if own.action == ASSIGNED:
        before = {_thing(named): purpose for named, purpose in detail["before"].items()}
        return hold_assignment(workspace_id, own.waits, detail["purpose"], before)
    if own.action == MEASURED:
        return hold_measuring(workspace_id, own.waits, _switches(detail))
    datum = _datum(detail)
    if own.action != CLEARED:
        return hold_collecting(workspace_id, datum, stopped=own.action == STOPPED, now=now)
    if is_waiting := is_clearing(workspace_id, *datum):
        hold_clearing(workspace_id, datum)
    return is_waiting


def release_change(own: ContestedInstruction, now: int) -> None:
    """The controller has spoken: what is confirmed is made now, unless another contested instruction holds the same; else it stays as it is.

    Raises what making it raises.
    """
    if not is_change(own.waits):
        return
    is_confirmed = own.outcome == Outcome.CONFIRMED
    if own.action == CLEARED and not is_confirmed:
        stop_clearing(own.workspace_id, *_datum(own.detail), now=now)
    others = ContestedInstruction.objects.filter(workspace_id=own.workspace_id, outcome=Outcome.OPEN, waits=own.waits)
    if not (is_confirmed and others.exists()):
        release(own.workspace_id, own.waits, confirmed=is_confirmed, now=now)


def is_change(waits: str) -> bool:
    """Whether what waits is a change of a purpose, or of what is collected or measured. Pure."""
    return waits.startswith((PURPOSE, COLLECTING, ASSIGNMENT, MEASURING))


def _datum(detail: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(detail["kind"]), str(detail.get("event", "")), str(detail.get("name", ""))


def _switches(detail: Mapping[str, Any]) -> dict[str, bool]:
    return {name: detail[name] for name in SWITCHES if isinstance(detail.get(name), bool)}


def _thing(named: str) -> tuple[str, str]:
    kind, _, name = named.partition(" ")
    return kind, name
