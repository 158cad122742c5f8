"""How the telling of a recipient goes: states that only move forward, when it is tried again, when silence is a matter for members. Pure."""

from __future__ import annotations

from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.privacy.models.disclosures import NoticeState

S = NoticeState
RETRIED = 72 * HOUR
"""So long it is tried to reach a recipient."""
SEALED = 30 * DAY
"""The longest that identifiers are kept for a recipient who cannot be reached."""
MAIL_PATIENCE = 14 * DAY
"""So long a mail may stay without an answer."""
GRACE = 72 * HOUR
"""Beyond the time by which a recipient said it would be done."""
CHASED_AGAIN = 7 * DAY
FIRST, LONGEST = MINUTE, 6 * HOUR
FIRST_LOOK, LONGEST_LOOK = 10 * MINUTE, 12 * HOUR
RANK = {S.WAITING: 0, S.BY_HAND: 0, S.TOLD: 1, S.IN_PROGRESS: 2, S.DONE: 3, S.REFUSED: 3, S.CANCELLED: 3, S.EXEMPT: 3}
CLOSED = (S.DONE, S.REFUSED, S.CANCELLED, S.EXEMPT)
OPEN = (S.WAITING, S.BY_HAND, S.TOLD, S.IN_PROGRESS)


def moves(state: str, said: str) -> bool:
    """Whether an answer moves a notice on: what is late, repeated or goes back moves nothing."""
    return RANK[NoticeState(said)] > RANK[NoticeState(state)]


def next_try(attempts: int, now: int, until: int) -> int | None:
    """When it is tried again: a minute after the first try, then three times as long each, six hours at most; None: the time is over.

    The last try is when the time is over, whatever the pauses come to.
    """
    if now >= until:
        return None
    return min(now + min(LONGEST, FIRST * int(3 ** min(attempts - 1, 8))), until)


def next_look(looks: int, now: int) -> int:
    """When a recipient who tells nothing is asked how far they are: after ten minutes, then twice as long each, twelve hours at most."""
    return now + min(LONGEST_LOOK, FIRST_LOOK << min(looks, 10))


def patience_ends(told_at: int, expected_at: int | None) -> int:
    """Until when an answer of somebody who was told may take."""
    return told_at + MAIL_PATIENCE if expected_at is None else max(told_at, expected_at) + GRACE
