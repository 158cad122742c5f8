"""`troth sending pace [WAY [MAILBOX]]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.messages.lane_settings import LaneRow, list_lanes, set_pace, try_again


class Command(BaseCommand):
    """Limits of ways out and of mailbox providers."""

    help = "Limit how fast mail goes by a way or to a mailbox provider, or show the limits and how they stand."

    def add_arguments(self, parser: CommandParser) -> None:
        """WAY, MAILBOX, --per-second, --per-day, --growth, --try-again."""
        parser.add_argument("way", nargs="?", help="`installation`, or `channel 7`; without it all are shown")
        parser.add_argument("mailbox", nargs="?", default="", help="a mailbox provider: google, microsoft, …, or a domain")
        parser.add_argument("--per-second", type=float, default=0.0, help="messages a second; 0: no limit")
        parser.add_argument("--per-day", type=int, default=0, help="messages a day (UTC); 0: no limit")
        parser.add_argument("--growth", type=float, default=1.0, help="by which the daily ceiling grows each day, to warm a new sender up")
        parser.add_argument("--try-again", action="store_true", help="end a pause or a break now; limits stay as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set or show."""
        way, mailbox = options["way"], options["mailbox"]
        if way and options["try_again"]:
            try_again(way, mailbox)
        elif way:
            set_pace(way, mailbox, per_second=options["per_second"], per_day=options["per_day"], growth=options["growth"], now=now_ms())
        for row in list_lanes():
            self.stdout.write(_in_words(row))


def _in_words(row: LaneRow) -> str:
    pace, lane = row.pace, row.lane
    parts = [f"{pace.per_second:g} a second" if pace.per_second else "any rate"]
    parts += [f"{pace.per_day:,} a day" + (f", growing {pace.growth:g} times a day" if pace.growth > 1 else "")] if pace.per_day else []
    parts += [f"{lane.today:,} today"] if lane.today else []
    parts += [f"rests until {iso(lane.paused_until)}"] if lane.paused_until > now_ms() else []
    parts += (
        [f"not reached {row.breaker.failures} times, tried again from {iso(row.breaker.open_until)}"] if not row.breaker.is_closed else []
    )
    return f"{row.way} → {row.mailbox or 'everybody'}: {'; '.join(parts)}"
