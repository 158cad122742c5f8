"""What one version of something written changes against another: field by field, in the lines that differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from troth.content.comparing import diff_lines


def put_as_text(value: Any) -> str:
    """A field in lines: what is no text as JSON; empty where there is nothing."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) if value else ""


def compare_texts(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines that differ, by field; what is equal is left out, and what one lacks is empty there."""
    found = {name: diff_lines(before.get(name, ""), after.get(name, "")) for name in {**before, **after}}
    return {name: lines for name, lines in found.items() if lines}
