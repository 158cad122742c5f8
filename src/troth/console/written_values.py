"""Values of conditions as somebody writes them into a box: a number, true, false or a quoted text as JSON has them; anything else is a text."""

from __future__ import annotations

import json
from typing import Any


def read_value(text: str) -> Any:
    """What was written: a number, true, false, or a text."""
    try:
        found = json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text.strip()
    return found if isinstance(found, bool | int | float | str) else text.strip()


def write_value(value: Any) -> str | None:
    """Plainly where it is read back as the same, else quoted; None for what is neither a text nor a number."""
    if isinstance(value, str):
        return value if value and "\0" not in value and read_value(value) == value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def read_list(text: str) -> list[Any]:
    """Values between commas."""
    return [read_value(part.strip()) for part in text.split(",") if part.strip()]


def write_list(values: list[Any]) -> str | None:
    """Values between commas; None where one holds a comma or is neither text nor number."""
    parts = [write_value(item) for item in values]
    whole = [part for part in parts if part is not None and "," not in part]
    return ", ".join(whole) if len(whole) == len(parts) else None
