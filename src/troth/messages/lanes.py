"""How fast mail may go, and when it has to pause: pure rules for one lane, which is one way out to one mailbox provider (rows D16, A9).

A lane holds tokens: each message takes one, and they come back at its rate. Temporary refusals in a row (4xx) make it pause, twice as long each time;
a way that cannot be reached at all opens its breaker, and after the pause one message tries it alone before the others follow.
All times are in milliseconds, and `now` is an argument.
"""

from __future__ import annotations

import msgspec

from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND

REFUSALS = 5
"""Temporary refusals in a row that make a lane pause: a single one is about a single mailbox."""
FAILURES = 3
"""Failures to reach a way, in a row, that open its breaker."""
FIRST_PAUSE, LONGEST_PAUSE = 30 * SECOND, HOUR
FIRST_BREAK, LONGEST_BREAK = 10 * SECOND, 10 * MINUTE
BURST = SECOND
"""A lane that was idle may send at once what its rate allows in this time."""
TRIAL = 30 * SECOND
"""How long the one message that tries a way may take before another may."""
LONGEST_ESTIMATE = 3_660
"""Days."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator set for a lane; 0 is no limit."""

    per_second: float = 0.0
    per_day: int = 0
    """The ceiling; with `growth`, of the first day."""
    growth: float = 1.0
    """By which the ceiling grows from one day to the next: the plan that warms a new sender up."""
    since: int = 0
    """When the first day began."""

    def ceiling(self, now: int) -> int:
        """How many messages may go today; 0: any number."""
        if not self.per_day:
            return 0
        days = max(0, now // DAY - self.since // DAY)
        return int(min(1e12, self.per_day * self.growth**days))


NO_PACE = Pace()


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane stands."""

    tokens: float = 0.0
    filled_at: int = 0
    day: int = 0
    today: int = 0
    """Messages that went on that day."""
    refusals: int = 0
    """In a row."""
    paused_until: int = 0


def refill(lane: Lane, pace: Pace, now: int) -> Lane:
    """The lane with the tokens that came back since."""
    day = now // DAY
    today = lane.today if lane.day == day else 0
    if not pace.per_second:
        return msgspec.structs.replace(lane, day=day, today=today, filled_at=now)
    most = max(1.0, pace.per_second * BURST / 1000)
    came_back = max(0, now - lane.filled_at) / 1000 * pace.per_second
    return msgspec.structs.replace(lane, tokens=min(most, lane.tokens + came_back), filled_at=now, day=day, today=today)


def room(lane: Lane, pace: Pace, now: int) -> int | None:
    """How many messages may go now, of a refilled lane; None: any number."""
    if now < lane.paused_until:
        return 0
    ceiling = pace.ceiling(now)
    rooms = [max(0, ceiling - lane.today)] if ceiling else []
    rooms += [int(lane.tokens)] if pace.per_second else []
    return min(rooms) if rooms else None


def next_room(lane: Lane, pace: Pace, now: int, before: int) -> int:
    """When a message that has to wait, and before which so many others wait, should be looked at again."""
    if now < lane.paused_until:
        return lane.paused_until
    ceiling = pace.ceiling(now)
    if ceiling and lane.today >= ceiling:
        return (now // DAY + 1) * DAY
    return now + max(1, int((before + 1) / pace.per_second * 1000)) if pace.per_second else now + SECOND


def last_of(pace: Pace, number: int, begins: int) -> int:
    """When the last of so many messages goes that are due at `begins` and have the lane for themselves; at most ten years later. Pure."""
    at, left = begins, number
    for _ in range(LONGEST_ESTIMATE):
        ceiling = pace.ceiling(at)
        if not ceiling or left <= ceiling:
            break
        at, left = (at // DAY + 1) * DAY, left - ceiling
    return at + (round(left * SECOND / pace.per_second) if pace.per_second else 0)


def take(lane: Lane, pace: Pace, number: int) -> Lane:
    """The lane after so many messages went."""
    tokens = lane.tokens - number if pace.per_second else 0.0
    return msgspec.structs.replace(lane, tokens=tokens, today=lane.today + number)


def after_answers(lane: Lane, *, accepted: int, refused: int, now: int) -> Lane:
    """The lane after a batch: any mail that was taken shows that it is open; refusals in a row make it pause."""
    if accepted:
        return msgspec.structs.replace(lane, refusals=0)
    if not refused:
        return lane
    refusals = lane.refusals + refused
    if refusals < REFUSALS:
        return msgspec.structs.replace(lane, refusals=refusals)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(20, (refusals - REFUSALS) // REFUSALS))
    return msgspec.structs.replace(lane, refusals=refusals, paused_until=now + pause)


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a way is tried at all."""

    failures: int = 0
    """In a row."""
    open_until: int = 0
    trial_at: int = 0
    """When the one message that tries it left."""

    @property
    def is_closed(self) -> bool:
        """Whether mail flows."""
        return self.failures < FAILURES


def may_try(breaker: Breaker, now: int) -> bool:
    """Whether a message may take the way now: any while it is closed, one alone after the pause."""
    return breaker.is_closed or (now >= breaker.open_until and now - breaker.trial_at >= TRIAL)


def on_trial(breaker: Breaker, now: int) -> Breaker:
    """The breaker while a message tries the way."""
    return breaker if breaker.is_closed else msgspec.structs.replace(breaker, trial_at=now)


def after_failure(breaker: Breaker, now: int) -> Breaker:
    """The way could not be reached."""
    failures = breaker.failures + 1
    if failures < FAILURES:
        return msgspec.structs.replace(breaker, failures=failures)
    pause = min(LONGEST_BREAK, FIRST_BREAK << min(20, failures - FAILURES))
    return Breaker(failures=failures, open_until=now + pause, trial_at=0)


CLOSED = Breaker()
"""After a success."""
