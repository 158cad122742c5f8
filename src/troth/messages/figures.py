"""How many messages a source made, by what became of them: from the index on sources alone, and never counting further than asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from troth.kernel.sql import is_sqlite
from troth.messages.models import State
from troth.messages.queue import HELD

MOST_COUNTED = 10_000
LATEST_REASONS = 500


@dataclass(frozen=True)
class Count:
    """A number; not `exact` where there are more and counting was cut short."""

    number: int = 0
    exact: bool = True


def count_by_state(
    workspace_id: int,
    sources: Sequence[str],
    since: int,
    until: int,
    *,
    states: Sequence[str] = tuple(State.values),
    most: int = MOST_COUNTED,
) -> dict[tuple[str, str], Count]:
    """The messages of each source by the state they are in now, made from `since` until before `until` (milliseconds)."""
    if not sources:
        return {}
    rows = _count(workspace_id, sources, states, [(since, until)], most)
    return {(source, state): count for (source, state, _), count in rows.items()}


def count_by_span(
    workspace_id: int, source: str, spans: Sequence[tuple[int, int]], *, states: Sequence[str] = tuple(State.values), most: int
) -> dict[str, list[Count]]:
    """The messages of one source in each span of time, by the state they are in now; at most `most` are counted in each."""
    rows = _count(workspace_id, [source], states, spans, most)
    return {state: [rows[source, state, since] for since, _ in spans] for state in states}


def count_in_state(workspace_id: int, state: State, *, most: int = MOST_COUNTED) -> Count:
    """The messages of a workspace that are in a state now, from the index of states."""
    return _count_rows("m.state = %s", [state.value], workspace_id, most)


def count_held(workspace_id: int, *, most: int = MOST_COUNTED) -> Count:
    """The messages of a workspace that wait until it may send again, and not for whoever paused them."""
    return _count_rows(HELD, [], workspace_id, most)


def _count_rows(condition: str, values: Sequence[str], workspace_id: int, most: int) -> Count:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM messages_message m WHERE m.workspace_id = %s AND {condition} LIMIT %s) AS counted",
            [workspace_id, *values, most + 1],
        )
        found = int(cursor.fetchone()[0])
    return Count(min(found, most), exact=found <= most)


def read_reasons(
    workspace_id: int, source: str, state: str, since: int, *, latest: int = LATEST_REASONS
) -> tuple[int, list[tuple[str, int]]]:
    """Why the latest messages of a source are in a state: how many were looked at, and the reasons by how often. Reads all buckets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reason FROM messages_message WHERE workspace_id = %s AND source = %s AND state = %s AND created_at >= %s"
            " ORDER BY created_at DESC LIMIT %s",
            [workspace_id, source, state, since, latest],
        )
        reasons = Counter(reason for (reason,) in cursor.fetchall())
    return reasons.total(), sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def _count(
    workspace_id: int, sources: Sequence[str], states: Sequence[str], spans: Sequence[tuple[int, int]], most: int
) -> dict[tuple[str, str, int], Count]:
    text, number = ("%s", "%s") if is_sqlite() else ("%s::text", "%s::bigint")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.column1, s.column1, t.column1, (SELECT COUNT(*) FROM (SELECT 1 FROM messages_message m WHERE m.workspace_id = %s"
            " AND m.source = a.column1 AND m.state = s.column1 AND m.created_at >= t.column1 AND m.created_at < t.column2 LIMIT %s) AS counted)"
            f" FROM (VALUES {_values(f'({text})', '(%s)', len(sources))}) AS a"
            f" CROSS JOIN (VALUES {_values(f'({text})', '(%s)', len(states))}) AS s"
            f" CROSS JOIN (VALUES {_values(f'({number}, {number})', '(%s, %s)', len(spans))}) AS t",
            [workspace_id, most + 1, *sources, *states, *(edge for span in spans for edge in span)],
        )
        return {(source, state, since): Count(min(found, most), exact=found <= most) for source, state, since, found in cursor.fetchall()}


def _values(first: str, other: str, count: int) -> str:
    return ",".join([first] + [other] * (count - 1))
