"""The governor: marketing of a workspace is paused when its complaints or bounces say that its reputation is at stake (row D16).

A rate is held against its limit with its uncertainty: it pauses when even the lower bound of the interval (Wilson, 97.5 per cent, one-sided) is above.
So three complaints among a hundred mails pause nothing yet, and thirty among ten thousand do. Letting go re-arms: only what was sent since counts.
The limits are those that Google and Yahoo ask of bulk senders since 2024: complaints below 0.3 per cent, and addresses that exist.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import structlog
from django.db import connection

from troth.kernel.clock import DAY
from troth.messages.controls import WHOLE, read_controls, stop_sending
from troth.messages.models import State

log = structlog.get_logger()
WINDOW = DAY
"""What was made longer ago does not count any more."""
FEWEST = 5
"""Fewer complaints or bounces are never a rate."""
Z = 1.96
COMPLAINTS, BOUNCES = "complaints", "bounces"
LIMITS = {COMPLAINTS: 0.003, BOUNCES: 0.05}
HANDED_OVER = (State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED)


class Figures(NamedTuple):
    """What a workspace's mail came to since a moment."""

    handed_over: int
    bounced: int
    complained: int


class Judgement(NamedTuple):
    """Why marketing should pause."""

    why: str
    rate: float
    at_least: float
    """The lower bound of the true rate."""
    limit: float

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.rate:.2%} {self.why} in a day (surely more than {self.at_least:.2%}); the limit is {self.limit:.1%}"


def lower_bound(hits: int, number: int) -> float:
    """The lower bound of a proportion (E. B. Wilson 1927, eq. 6)."""
    if not number:
        return 0.0
    share, z2 = hits / number, Z * Z
    middle = share + z2 / (2 * number)
    spread = Z * sqrt(share * (1 - share) / number + z2 / (4 * number * number))
    return max(0.0, (middle - spread) / (1 + z2 / number))


def judge_reputation(figures: Figures) -> Judgement | None:
    """Whether marketing should pause; None when nothing is shown."""
    for why, hits in ((COMPLAINTS, figures.complained), (BOUNCES, figures.bounced)):
        bound = lower_bound(hits, figures.handed_over)
        if hits >= FEWEST and bound > LIMITS[why]:
            return Judgement(why, hits / figures.handed_over, bound, LIMITS[why])
    return None


def govern(now: int) -> bool:
    """Look at every workspace's figures and pause the marketing of those that have to; a duty of the worker. `now` in milliseconds."""
    controls = read_controls()
    for workspace_id in _workspaces():
        control = controls.get((workspace_id, WHOLE))
        if control and control.stopped_at is not None:
            continue
        since = max(now - WINDOW, control.rearmed_at if control else 0)
        judgement = judge_reputation(count_figures(workspace_id, since))
        if judgement:
            stop_sending(workspace_id, now=now, by="governor", why=judgement.why, marketing_only=True, note=judgement.told)
            log.warning("marketing_paused", workspace=workspace_id, why=judgement.why)
    return False


def count_figures(workspace_id: int, since: int) -> Figures:
    """From the index of states; what is fine is only counted where something is not. Reads all buckets."""
    bounced, complained = (_count(workspace_id, state, since) for state in (State.BOUNCED, State.COMPLAINED))
    if max(bounced, complained) < FEWEST:
        return Figures(0, bounced, complained)
    fine = sum(_count(workspace_id, state, since) for state in (State.SENT, State.DELIVERED))
    return Figures(fine + bounced + complained, bounced, complained)


def _count(workspace_id: int, state: State, since: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM messages_message WHERE workspace_id = %s AND state = %s AND created_at >= %s",
            [workspace_id, state.value, since],
        )
        return int(cursor.fetchone()[0])


def _workspaces() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM workspaces_workspace ORDER BY id")
        return [row[0] for row in cursor.fetchall()]
