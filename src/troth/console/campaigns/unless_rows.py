"""What ends a message that waits, as parts of a form: several events, each with conditions as rows, or as JSON where they are nested."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.forms import ValidationError
from django.utils.translation import gettext as _

from troth.campaigns.rules import MOST_UNLESS, Unless
from troth.console.campaigns.forms import LONGEST_JSON, read_conditions
from troth.console.campaigns.rows import Lines, posted_lines, read_lines, write_lines


@dataclass(frozen=True)
class UnlessRow:
    """One event as it is written. `conditions` is JSON; when something is written there, the rows do not count."""

    number: int
    event: str = ""
    when: Lines = field(default_factory=lambda: Lines("all", []))
    conditions: str = ""


def write_unless(unless: Sequence[Unless]) -> list[UnlessRow]:
    """Rules as they are shown first."""
    return [_write(number, one) for number, one in enumerate(unless)]


def _write(number: int, one: Unless) -> UnlessRow:
    rows = write_lines(one.conditions)
    if rows is None:
        return UnlessRow(number, one.event, conditions=json.dumps(one.conditions, indent=2, ensure_ascii=False))
    return UnlessRow(number, one.event, rows)


def posted_unless(data: Any) -> list[UnlessRow]:
    """The parts of a posted form in which something is written."""
    found: list[UnlessRow] = []
    for number in range(MOST_UNLESS):
        event, conditions = (str(data.get(f"unless-{number}-{name}", "")).strip().replace("\0", "") for name in ("event", "conditions"))
        columns = (data.getlist(f"unless-{number}-{name}") for name in ("property", "op", "value"))
        when = posted_lines(data.get(f"unless-{number}-match", ""), *columns)
        if event or conditions or when.lines:
            found.append(UnlessRow(len(found), event[:255], when, conditions[:LONGEST_JSON]))
    return found


def with_spare(rows: list[UnlessRow]) -> list[UnlessRow]:
    """With an empty one to be filled."""
    return [*rows, UnlessRow(len(rows))] if len(rows) < MOST_UNLESS else rows


def read_unless(rows: Sequence[UnlessRow]) -> list[dict[str, Any]]:
    """As the rules have them. Raises ValidationError, which says at which event."""
    found = []
    for row in rows:
        try:
            conditions = read_conditions(row.conditions) if row.conditions else read_lines(row.when)
        except ValidationError as error:
            about = {"event": row.event or row.number + 1, "told": " ".join(error.messages)}
            raise ValidationError(_("Unless “%(event)s”: %(told)s"), params=about) from None
        if not row.event:
            raise ValidationError(_("Unless: name the event that the conditions are about."))
        found.append({"event": row.event, "conditions": conditions})
    return found
