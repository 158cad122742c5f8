"""The steps of time that Home's figures are counted in, as the member's clock on the wall divides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from troth.console.charts import MOST_TICKS, Mark
from troth.kernel.clock import DAY, HOUR, MINUTE

QUARTER = 15 * MINUTE
DAYS = 30
RANGES = ("24h", "30d")


@dataclass(frozen=True)
class Steps:
    """Consecutive spans of time: step `i` reaches from `edges[i]` to `edges[i + 1]`, the end excluded; in milliseconds."""

    edges: tuple[int, ...]

    @property
    def since(self) -> int:
        """When the first step begins."""
        return self.edges[0]

    @property
    def until(self) -> int:
        """When the last step ends: not before the present."""
        return self.edges[-1]

    @property
    def finest(self) -> int:
        """The longest span of which every step is a whole number: an hour, or a quarter where the zone's days do not begin on the hour."""
        return HOUR if all(edge % HOUR == 0 for edge in self.edges) else QUARTER


def divide(asked: str, now: int, zone: str) -> Steps:
    """The steps of a range of RANGES: quarters of an hour of the last 24 hours, or the last 30 days of the zone, both with the present one."""
    if asked == "30d":
        today = local_day(now, zone)
        return Steps(tuple(midnight(today + timedelta(days=number), zone) for number in range(1 - DAYS, 2)))
    end = (now // QUARTER + 1) * QUARTER
    return Steps(tuple(range(end - DAY, end + 1, QUARTER)))


def local_day(at: int, zone: str) -> date:
    """The day on which an instant falls in a zone."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> int:
    """When a day begins in a zone: where the clock strikes midnight twice, the first time; where it skips midnight, when it skips."""
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * 1000


def label_steps(steps: Steps, zone: str, locale: str) -> list[str]:
    """How each step is called: by its time of day, or, when it is a day, by its date."""
    pattern = "HH:mm" if steps.edges[1] - steps.edges[0] == QUARTER else "d MMM"
    begins = [datetime.fromtimestamp(edge // 1000, UTC).astimezone(ZoneInfo(zone)) for edge in steps.edges[:-1]]
    return [str(format_datetime(begin, pattern, locale=locale)) for begin in begins]


def mark_hours(steps: Steps, labels: Sequence[str], zone: str) -> tuple[Mark, ...]:
    """Marks for quarters of an hour at 0, 4, 8, … o'clock of the zone, rather than wherever the range happens to begin."""
    width = 100 / len(labels)
    marks = []
    for index, edge in enumerate(steps.edges[:-1]):
        begin = datetime.fromtimestamp(edge // 1000, UTC).astimezone(ZoneInfo(zone))
        if begin.minute == 0 and begin.hour % 4 == 0:
            at = (index + 0.5) * width
            marks.append(Mark(round(at, 3), labels[index], "start" if at < 4 else "end" if at > 96 else "middle"))
    return tuple(marks[:MOST_TICKS])
