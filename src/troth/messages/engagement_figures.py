"""How mail of a source was received: of those who may be measured, and never counting further than asked."""

from __future__ import annotations

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


def count_links(workspace_id: int, source: str, *, most: int = MOST_COUNTED) -> list[tuple[str, int]]:
    """The links that persons followed, with the number of mails, the most followed first; of `most` rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT link, COUNT(*) FROM (SELECT link FROM messages_engagement WHERE workspace_id = %s AND source = %s AND kind = %s"
            " AND link <> '' AND times > 0 LIMIT %s) AS counted GROUP BY link ORDER BY 2 DESC, 1 LIMIT %s",
            [workspace_id, source, Engaged.CLICK.value, most, LINKS],
        )
        return [(link, number) for link, number in cursor.fetchall()]


def count_without_persons(workspace_id: int, source: str, since_day: int) -> int:
    """How often the picture that all recipients share was fetched by readers, from a day (since 1970) on."""
    rows = FetchCount.objects.filter(workspace_id=workspace_id, source=source, day__gte=since_day, is_machine=False)
    return sum(rows.values_list("times", flat=True))


def read_engagement(workspace_id: int, bucket: int, person_id: int, message_id: int) -> list[Engagement]:
    """What is known of one message, the mail itself first."""
    rows = Engagement.objects.filter(workspace_id=workspace_id, bucket=bucket, person_id=person_id, message_id=message_id)
    return list(rows.order_by("-kind", "link")[:200])
