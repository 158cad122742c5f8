"""Who may not send now, and who waits before they do: the kill switch and the hold, for a source, a workspace or the installation (row D12).

A sender looks here again immediately before the data of each message, at most GLANCE ago, so that a stop reaches what it already holds.
What is stopped is held, and queued again when it may go on; what is cancelled is over.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection, transaction

from troth.kernel.clock import MINUTE, now_ms
from troth.kernel.errors import TrothError
from troth.messages.models import SendControl

INSTALLATION = 0
"""Stands in the place of a workspace."""
WHOLE = ""
"""Stands in the place of a source."""
GLANCE = 200
"""Milliseconds for which a look at the controls counts: several hundred messages a second share it."""
CANCELLED = "cancelled"
CONTESTED = "contested"
"""Why a source is stopped whose instruction is said to infringe the law: who contested it lets it go, and nobody else (Art. 28(3))."""
LONGEST_HOLD = 7 * 24 * 60 * MINUTE


class ControlInvalid(TrothError):
    """A control that cannot be set so."""


class Control(NamedTuple):
    """What holds for a scope."""

    workspace_id: int
    source: str
    stopped_at: int | None
    why: str
    """In a word: `by_hand`, `cancelled`, `complaints`, `bounces`, `moved`, `contested`."""
    by: str
    marketing_only: bool
    hold_ms: int
    rearmed_at: int = 0
    note: str = ""

    def stops(self, is_marketing: bool) -> bool:
        """Whether it keeps such a message from going."""
        return self.stopped_at is not None and (is_marketing or not self.marketing_only)


_lock = threading.Lock()
_seen: tuple[int, Mapping[tuple[int, str], Control]] = (0, {})


def look_at_controls() -> Mapping[tuple[int, str], Control]:
    """All controls by scope, as they were at most GLANCE ago."""
    global _seen
    moment = now_ms()
    with _lock:
        seen_at, found = _seen
        if 0 <= moment - seen_at < GLANCE:
            return found
        found = read_controls()
        _seen = (moment, found)
        return found


def read_controls() -> dict[tuple[int, str], Control]:
    """All controls by scope, as they are now."""
    columns = ("workspace_id", "source", "stopped_at", "why", "by", "marketing_only", "hold_ms", "rearmed_at", "note")
    return {(row[0], row[1]): Control(*row) for row in SendControl.objects.values_list(*columns)}


def forget_controls() -> None:
    """Look anew at the next use (after a change in this process)."""
    global _seen
    with _lock:
        _seen = (0, {})


def find_stop(controls: Mapping[tuple[int, str], Control], workspace_id: int, source: str, *, is_marketing: bool) -> Control | None:
    """The widest stop that keeps a message from going; None when it may."""
    scopes = ((INSTALLATION, WHOLE), (workspace_id, WHOLE), (workspace_id, source))
    return next((found for scope in scopes if (found := controls.get(scope)) and found.stops(is_marketing)), None)


def hold_for(workspace_id: int, source: str, *, is_marketing: bool) -> int:
    """How long a message waits, in milliseconds, so that sending it can be undone: what its source says, else its workspace for marketing."""
    controls = look_at_controls()
    own, common = controls.get((workspace_id, source)), controls.get((workspace_id, WHOLE))
    if own and own.hold_ms:
        return own.hold_ms
    return common.hold_ms if common and is_marketing else 0


def stop_sending(
    workspace_id: int, source: str = WHOLE, *, now: int, by: str, why: str = "by_hand", marketing_only: bool = False, note: str = ""
) -> None:
    """Let nothing of a scope go from now on; INSTALLATION stops everything. Senders see it within GLANCE."""
    if not workspace_id and source:
        raise ControlInvalid("A source belongs to a workspace: say which.")
    if why != CANCELLED and (held := read_controls().get((workspace_id, source))) and held.why == CONTESTED and held.stopped_at:
        return
    values = {"stopped_at": now, "why": why, "by": by[:100], "marketing_only": marketing_only, "note": note[:500]}
    _set(workspace_id, source, values)


def let_go(workspace_id: int, source: str = WHOLE, *, now: int, of: str = "") -> bool:
    """End a stop; what is held is queued again, and the governor counts from now on. Says whether there was one. `of`: only one for this reason.

    Raises ControlInvalid where it was stopped because its instruction is contested, and that is not settled.
    """
    stopped = SendControl.objects.filter(workspace_id=workspace_id, source=source, stopped_at__isnull=False)
    if of:
        stopped = stopped.filter(why=of)
    elif stopped.filter(why=CONTESTED).exists():
        raise ControlInvalid(
            "Its instruction is contested: it goes on when the controller has spoken, which is written down under Instructions."
        )
    changed = stopped.update(stopped_at=None, why="", by="", note="", marketing_only=False, rearmed_at=now)
    forget_controls()
    return bool(changed)


def set_hold(workspace_id: int, source: str = WHOLE, *, minutes: int) -> None:
    """Have the messages of a scope wait so many minutes from when they are queued; 0: not at all. Raises ControlInvalid."""
    if not workspace_id:
        raise ControlInvalid("A hold is set for a workspace or a source of it.")
    if not 0 <= minutes * MINUTE <= LONGEST_HOLD:
        raise ControlInvalid(f"A hold is 0 to {LONGEST_HOLD // MINUTE} minutes.")
    _set(workspace_id, source, {"hold_ms": minutes * MINUTE})


def _set(workspace_id: int, source: str, values: Mapping[str, object]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO messages_control (workspace_id, source, why, "by", note, marketing_only, hold_ms, rearmed_at) VALUES (%s, %s, %s, %s, %s, %s, 0, 0)'
            " ON CONFLICT DO NOTHING",
            [workspace_id, source, "", "", "", False],
        )
        SendControl.objects.filter(workspace_id=workspace_id, source=source).update(**values)
    forget_controls()
