"""Which links of a source's mails were followed, by how many persons: never of fewer than five. A statement over all buckets: a report."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from troth.messages.models import Engaged
from troth.messages.reports.counting import within
from troth.messages.reports.shapes import FEWEST, MOST_GROUPS, Span


@dataclass(frozen=True)
class Link:
    """One address, and how many persons followed it; machines are in no number."""

    link: str
    persons: int
    mails: int


@dataclass(frozen=True)
class Links:
    """Those most followed. `hidden`: how many more were followed by fewer than five persons each, such as links that are one person's own."""

    shown: tuple[Link, ...]
    hidden: int


def count_links(workspace_id: int, span: Span, *, source: str) -> Links:
    """Of who agreed that clicks are noted."""
    where, values = within(workspace_id, span, source)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH followed AS (SELECT e.link, COUNT(DISTINCT e.person_id) AS persons, COUNT(*) AS mails FROM messages_message m"
            " JOIN messages_engagement e ON e.bucket = m.bucket AND e.person_id = m.person_id AND e.message_id = m.message_id"
            f" AND e.kind = %s AND e.link <> '' AND e.times > 0 WHERE {where} GROUP BY e.link)"
            f" SELECT f.link, f.persons, f.mails, (SELECT COUNT(*) FROM followed g WHERE g.persons < {FEWEST}) FROM followed f"
            f" WHERE f.persons >= {FEWEST} UNION ALL SELECT '', 0, 0, COUNT(*) FROM followed h WHERE h.persons < {FEWEST}"
            " ORDER BY 2 DESC, 1 LIMIT %s",
            [Engaged.CLICK.value, *values, MOST_GROUPS + 1],
        )
        rows = cursor.fetchall()
    return Links(tuple(Link(link, persons, mails) for link, persons, mails, _ in rows if link)[:MOST_GROUPS], int(rows[0][3]))
