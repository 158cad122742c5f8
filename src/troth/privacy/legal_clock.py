"""When a request must be answered: within one month of receipt (Art. 12(3) GDPR), counted as Regulation 1182/71 counts.

The same day number of the next month, else its last day; a Saturday or Sunday moves to Monday. Public holidays at the controller's
seat are not known, so the date is never later than the law allows.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, time, timedelta

SATURDAY = 5


def due_at(received_at: int) -> int:
    """The last millisecond (UTC) of the day by which a request received at `received_at` must be answered."""
    received = datetime.fromtimestamp(received_at / 1000, UTC).date()
    year, month = (received.year, received.month + 1) if received.month < 12 else (received.year + 1, 1)
    last = calendar.monthrange(year, month)[1]
    day = received.replace(year=year, month=month, day=min(received.day, last))
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    return int(end.timestamp() * 1000) - 1
