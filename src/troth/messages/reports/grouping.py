"""By what messages `m` are grouped, as SQL for both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from troth.kernel.clock import DAY
from troth.kernel.sql import is_sqlite
from troth.messages.reports.shapes import By, Span, find_offsets


class Key(NamedTuple):
    """An expression over a message `m`, the join that it needs, and its values in their order."""

    text: str
    join: str = ""
    values: tuple[Any, ...] = ()


def key_of(by: By, span: Span) -> Key:
    """What messages are grouped by."""
    if by is By.DAY:
        return day_of("m.created_at", span)
    return _KEYS.get(by) or Key(_domain("m.recipient"))


def day_of(moment: str, span: Span) -> Key:
    """The number of an instant's day in the span's zone, counted as if each day had 24 hours: 1970-01-01 is 0."""
    offsets = find_offsets(span)
    number = "%s" if is_sqlite() else "CAST(%s AS BIGINT)"
    steps = "".join(f" WHEN {moment} < {number} THEN {number}" for _ in offsets[:-1])
    last = offsets[-1][1]
    shift = f"CASE{steps} ELSE {number} END" if steps else number
    return Key(f"({moment} + {shift}) / {DAY}", values=(*(value for step in offsets[:-1] for value in step), last))


def name_key(by: By, found: Any) -> str:
    """A key as a report's line names it: a day as ISO 8601 writes it."""
    return (date(1970, 1, 1) + timedelta(days=int(found))).isoformat() if by is By.DAY else str(found)


def _domain(address: str) -> str:
    if is_sqlite():
        return f"CASE WHEN instr({address}, '@') > 0 THEN lower(substr({address}, instr({address}, '@') + 1)) ELSE '' END"
    return f"lower(split_part({address}, '@', 2))"


_KEYS = {
    By.ALL: Key("''"),
    By.SOURCE: Key("m.source"),
    By.VARIANT: Key("m.template_id"),
    By.CHANNEL: Key("m.channel"),
    By.TOPIC: Key("COALESCE(t.topic, '')", "LEFT JOIN content_template t ON t.id = m.template_id AND t.workspace_id = m.workspace_id"),
}
