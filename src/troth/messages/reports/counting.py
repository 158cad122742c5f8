"""Counting messages by what became of them. Statements over all buckets, within a span: reports."""

from __future__ import annotations

from typing import Any

from django.db import connection

from troth.kernel.sql import is_sqlite
from troth.messages.models import HANDED_OVER, State
from troth.messages.reports.grouping import Key, key_of, name_key
from troth.messages.reports.shapes import COUNTED, FEWEST, LONGEST_DAYS, MOST_GROUPS, By, Figures, Line, Span, Table

MOST_REASONS = 100
_SENT = ", ".join(f"'{state.value}'" for state in HANDED_OVER)
_MEASURE = (
    "LEFT JOIN messages_engagement {alias} ON {alias}.bucket = m.bucket AND {alias}.person_id = m.person_id AND {alias}.message_id = m.message_id"
    " AND {alias}.kind = '{kind}' AND {alias}.link = '' AND m.channel = 'email'"
    f" AND m.state IN ({_SENT})"
)
_FOLLOWED = (
    "SELECT 1 FROM messages_engagement f WHERE f.bucket = m.bucket AND f.person_id = m.person_id AND f.message_id = m.message_id"
    " AND f.kind = 'click' AND f.link <> '' AND f.{times} > 0"
)
_CLICKED = f"c.message_id IS NOT NULL AND EXISTS ({_FOLLOWED.format(times='times')})"


def count_messages(workspace_id: int, span: Span, by: By = By.ALL, *, source: str = "") -> Table:
    """The messages of a workspace, or of one source, that were made in a span. One statement each for the whole, the groups and the reasons.

    At most 50 groups are told, those with most messages; all others, and domains of fewer than five persons, are one line together.
    """
    whole = _count(workspace_id, span, key_of(By.ALL, span), source, most=1)
    total = whole[0][1] if whole else Figures()
    counted = [] if by is By.ALL else _count(workspace_id, span, key_of(by, span), source, by=by)
    lines = [
        Line(name_key(by, key), figures) for key, figures in (sorted(counted, key=lambda one: int(one[0])) if by is By.DAY else counted)
    ]
    rest = total.without([line.figures for line in lines])
    if by is not By.ALL and rest.audience:
        lines.append(Line(None, rest))
    return Table(by, span, total, tuple(lines), _count_reasons(workspace_id, span, source))


def _count(workspace_id: int, span: Span, key: Key, source: str, *, by: By = By.ALL, most: int = MOST_GROUPS) -> list[tuple[Any, Figures]]:
    where, values = within(workspace_id, span, source)
    columns = _columns()
    having = f" HAVING COUNT(DISTINCT m.person_id) >= {FEWEST}" if by is By.DOMAIN else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key.text}, {', '.join(columns[name] for name in COUNTED)} FROM messages_message m {key.join}"
            f" {_MEASURE.format(alias='o', kind='open')} {_MEASURE.format(alias='c', kind='click')}"
            f" WHERE {where} GROUP BY 1{having} ORDER BY 2 DESC, 1 LIMIT %s",
            [*key.values, *values, LONGEST_DAYS if by is By.DAY else most],
        )
        return [(row[0], Figures(*(int(value or 0) for value in row[1:]))) for row in cursor.fetchall()]


def within(workspace_id: int, span: Span, source: str) -> tuple[str, list[Any]]:
    """The messages `m` of a report, as a condition."""
    where, values = "m.workspace_id = %s AND m.created_at >= %s AND m.created_at < %s", [workspace_id, span.since, span.until]
    return (f"{where} AND m.source = %s", [*values, source]) if source else (where, values)


def _count_reasons(workspace_id: int, span: Span, source: str) -> dict[str, dict[str, int]]:
    where, values = within(workspace_id, span, source)
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.state, m.reason, COUNT(*) FROM messages_message m WHERE {where} AND m.reason <> '' GROUP BY m.state, m.reason"
            " ORDER BY 3 DESC, 1, 2 LIMIT %s",
            [*values, MOST_REASONS],
        )
        for state, reason, number in cursor.fetchall():
            found.setdefault(state, {})[reason] = number
    return found


def _sum(condition: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _evidence() -> str:
    return "json_extract(r.evidence, '$.message_id')" if is_sqlite() else "r.evidence ->> 'message_id'"


def _columns() -> dict[str, str]:
    """The expression of each figure."""
    said = (
        "SELECT 1 FROM consent_record r WHERE r.bucket = m.bucket AND r.person_id = m.person_id AND r.decision IN"
        f" ('withdraw', 'refuse', 'object') AND r.method <> 'complaint' AND {_evidence()} = CAST(m.message_id AS TEXT)"
    )
    return {
        "audience": "COUNT(*)",
        "persons": "COUNT(DISTINCT m.person_id)",
        "untold": _sum(f"m.state = '{State.SENT.value}'"),
        **{state.value: _sum(f"m.state = '{state.value}'") for state in State if state is not State.SENT},
        "mails": _sum(f"m.channel = 'email' AND m.state IN ({_SENT})"),
        "opens_measured": _sum("o.message_id IS NOT NULL"),
        "opened": _sum("o.times > 0"),
        "opened_by_machine": _sum("o.machine_times > 0 AND o.times = 0"),
        "clicks_measured": _sum("c.message_id IS NOT NULL"),
        "clicked": _sum(_CLICKED),
        "clicked_by_machine": _sum(f"NOT ({_CLICKED}) AND c.message_id IS NOT NULL AND EXISTS ({_FOLLOWED.format(times='machine_times')})"),
        "unsubscribed": _sum(f"m.state IN ({_SENT}) AND EXISTS ({said})"),
    }
