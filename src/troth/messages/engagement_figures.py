"""How mail of a source was received: of those who may be measured, and never counting further than asked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from troth.messages.figures import Count
from troth.messages.models import Engaged, Engagement, FetchCount

MOST_COUNTED = 10_000
"""Rows looked at for each number."""
LINKS = 20


@dataclass(frozen=True)
class Received:
    """One kind of engagement of a source: how many mails were measured, and what became of those."""

    measured: Count
    by_person: Count
    """Mails opened, or of which a link was followed, by their person."""
    by_machine: Count
    """Mails that only machines fetched."""


def count_received(workspace_id: int, source: str, kind: Engaged, *, most: int = MOST_COUNTED) -> Received:
    """From the index on sources alone and the rows it leads to, `most` at the most for each number."""
    return Received(
        measured=_count(workspace_id, source, kind, "link = ''", most),
        by_person=_count(workspace_id, source, kind, "times > 0", most),
        by_machine=_count(workspace_id, source, kind, "machine_times > 0 AND times = 0", most),
    )


def _count(workspace_id: int, source: str, kind: Engaged, where: str, most: int) -> Count:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(DISTINCT message_id), COUNT(*) FROM (SELECT message_id FROM messages_engagement"
            f" WHERE workspace_id = %s AND source = %s AND kind = %s AND {where} LIMIT %s) AS counted",
            [workspace_id, source, kind.value, most + 1],
        )
        messages, rows = cursor.fetchone()
    return Count(min(messages, most), exact=rows <= most)


@dataclass(frozen=True)
class Followed:
    """A link: in how many mails its persons followed it, and in how many only machines did."""

    link: str
    by_person: int
    by_machine: int


def count_links(workspace_id: int, source: str, *, most: int = MOST_COUNTED) -> list[Followed]:
    """The links that were followed, those most followed by persons first; of `most` rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT link, SUM(CASE WHEN times > 0 THEN 1 ELSE 0 END), SUM(CASE WHEN times > 0 THEN 0 ELSE 1 END) FROM (SELECT link, times"
            " FROM messages_engagement WHERE workspace_id = %s AND source = %s AND kind = %s AND link <> '' LIMIT %s) AS counted"
            " GROUP BY link ORDER BY 2 DESC, 3 DESC, 1 LIMIT %s",
            [workspace_id, source, Engaged.CLICK.value, most, LINKS],
        )
        return [Followed(link, int(by_person), int(by_machine)) for link, by_person, by_machine in cursor.fetchall()]


@dataclass(frozen=True)
class Daily:
    """One kind of engagement in mails, span by span; not `exact` where there were more mails than were looked at."""

    measured: list[int]
    """Handed over with what measures it."""
    by_person: list[int]
    """First opened, or a link of them first followed, by their person."""
    by_machine: list[int]
    """Fetched by machines alone, the last time."""
    exact: bool


def count_daily(workspace_id: int, source: str, kind: Engaged, edges: Sequence[int], *, most: int = MOST_COUNTED) -> Daily:
    """What became of the latest mails, between each two of `edges` (milliseconds, ascending): one read of `most` rows at the most."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, link, measured_at, first_at, machine_at FROM messages_engagement"
            " WHERE workspace_id = %s AND source = %s AND kind = %s ORDER BY message_id DESC LIMIT %s",
            [workspace_id, source, kind.value, most + 1],
        )
        rows = cursor.fetchall()
    measured: list[int] = []
    first: dict[int, int] = {}
    fetched: dict[int, int] = {}
    for message_id, link, measured_at, first_at, machine_at in rows[:most]:
        if not link:
            measured.append(measured_at)
        if first_at is not None:
            first[message_id] = min(first_at, first.get(message_id, first_at))
        if machine_at is not None:
            fetched[message_id] = max(machine_at, fetched.get(message_id, machine_at))
    by_machine = [at for message_id, at in fetched.items() if message_id not in first]
    return Daily(
        measured=_put_between(edges, measured),
        by_person=_put_between(edges, first.values()),
        by_machine=_put_between(edges, by_machine),
        exact=len(rows) <= most,
    )


def _put_between(edges: Sequence[int], moments: Iterable[int]) -> list[int]:
    counts = [0] * (len(edges) + 1)
    for moment in moments:
        counts[bisect_right(edges, moment)] += 1
    return counts[1:-1]


def count_without_persons(workspace_id: int, source: str, since_day: int, days: int) -> list[int]:
    """How often the picture that all recipients share was fetched by readers, on each of `days` days (UTC) from one on (since 1970)."""
    rows = FetchCount.objects.filter(workspace_id=workspace_id, source=source, day__gte=since_day, is_machine=False)
    found = dict(rows.values_list("day", "times"))
    return [found.get(since_day + number, 0) for number in range(days)]


def read_engagement(workspace_id: int, bucket: int, person_id: int, message_id: int) -> list[Engagement]:
    """What is known of one message, the mail itself first."""
    rows = Engagement.objects.filter(workspace_id=workspace_id, bucket=bucket, person_id=person_id, message_id=message_id)
    return list(rows.order_by("-kind", "link")[:200])
