"""What an operator sets about lanes, and how they stand, for reports."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from troth.kernel.errors import TrothError
from troth.messages.lanes import Breaker, Lane, Pace
from troth.messages.models import ConfiguredChannel, SendLane
from troth.messages.pacing import COLUMNS, INSTALLATION, as_held

FASTEST, MOST = 100_000.0, 1_000_000_000


class PaceInvalid(TrothError):
    """A pace that cannot be kept."""


class LaneRow(NamedTuple):
    """A lane as it stands."""

    way: str
    mailbox: str
    pace: Pace
    lane: Lane
    breaker: Breaker


def set_pace(way: str, mailbox: str = "", *, per_second: float = 0.0, per_day: int = 0, growth: float = 1.0, now: int) -> None:
    """Limit a way, or a way to one mailbox provider; nothing but zeros ends the limit. With `growth` the daily ceiling grows from today on.

    Raises PaceInvalid.
    """
    if not 0 <= per_second <= FASTEST or not 0 <= per_day <= MOST or not 1 <= growth <= 10:
        raise PaceInvalid(
            f"A rate is 0 to {FASTEST:g} a second, a ceiling 0 to {MOST:,} a day, and it grows 1 to 10 times from day to day."
        )
    if not way or len(way) > 40 or len(mailbox) > 100:
        raise PaceInvalid("A pace is for a way such as `installation` or `channel 7`: say which.")
    values = {"per_second": per_second, "per_day": per_day, "growth": growth, "since": now}
    if not SendLane.objects.filter(way=way, mailbox=mailbox).update(**values):
        SendLane.objects.bulk_create([SendLane(way=way, mailbox=mailbox, **values)])


def try_again(way: str, mailbox: str = "") -> None:
    """End a pause or a break at once, because whoever asks knows that the trouble is over."""
    SendLane.objects.filter(way=way, mailbox=mailbox).update(paused_until=0, refusals=0, failures=0, open_until=0, trial_at=0)


def list_lanes_of(workspace_id: int) -> list[LaneRow]:
    """Those by which mail of a workspace can go: of the installation, and of its own channels."""
    own = {f"channel {pk}" for pk in ConfiguredChannel.objects.filter(workspace_id=workspace_id).values_list("pk", flat=True)}
    return [row for row in list_lanes() if row.way == INSTALLATION or row.way in own]


def list_lanes() -> list[LaneRow]:
    """All lanes with a pace or with trouble."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM messages_lane ORDER BY way, mailbox")
        return [LaneRow(row[0], row[1], *as_held(row)) for row in cursor.fetchall()]
