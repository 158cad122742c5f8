"""What the commands that report share: the days."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser

from troth.kernel.clock import now_ms
from troth.messages.reports.shapes import Span, make_span


def add_days(parser: CommandParser) -> None:
    """WS, --first, --last, --zone."""
    parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
    parser.add_argument("--first", type=date.fromisoformat, metavar="DAY", help="such as 2026-03-01; by itself 30 days ago")
    parser.add_argument("--last", type=date.fromisoformat, metavar="DAY", help="by itself today")
    parser.add_argument("--zone", default="UTC", help="in which days begin and end, such as Europe/Berlin")


def read_days(options: dict[str, Any]) -> Span:
    """The days asked for. Raises ReportInvalid."""
    return make_span(options["first"], options["last"], zone=options["zone"], now=now_ms())
