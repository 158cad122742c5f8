"""One month, as the law counts it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.privacy.legal_clock import due_at


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-05T10:00", "2026-04-06"),  # 5 April is a Sunday (Easter), so Monday
        ("2027-01-31T23:59", "2027-03-01"),  # 28 February is a Sunday
        ("2028-01-31T00:00", "2028-02-29"),  # a leap year
        ("2026-12-15T08:00", "2027-01-15"),
        ("2026-05-31T12:00", "2026-06-30"),
    ],
)
def test_a_request_is_due_on_the_same_day_of_the_next_month_or_the_next_working_day(received: str, due: str) -> None:
    moment = datetime.fromisoformat(received).replace(tzinfo=UTC)

    end = datetime.fromtimestamp(due_at(int(moment.timestamp() * 1000)) / 1000, UTC)

    assert end.date().isoformat() == due
    assert end.time().isoformat("milliseconds") == "23:59:59.999"


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1)))
def test_it_is_never_due_on_a_weekend_nor_outside_28_to_34_days(moment: datetime) -> None:
    received = int(moment.replace(tzinfo=UTC).timestamp() * 1000)

    end = datetime.fromtimestamp(due_at(received) / 1000, UTC)

    assert end.weekday() < 5
    assert 28 <= (end.date() - moment.date()).days <= 34
