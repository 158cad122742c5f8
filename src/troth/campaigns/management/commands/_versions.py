"""What the commands on versions share: the list, and what changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.management.base import CommandParser

from troth.kernel.clock import iso


def add_choice(parser: CommandParser) -> None:
    """--number, --diff, --json."""
    parser.add_argument("--number", type=int, help="only this one, with all that it says, as JSON")
    parser.add_argument("--diff", type=int, metavar="NUMBER", help="what the draft changes against this one, as diff -u writes it")
    parser.add_argument("--json", action="store_true")


def write_list(out: Any, found: Iterable[tuple[int, int, int]], moment: str, *, as_json: bool) -> None:
    """Number, moment and author of each; `moment` is what that is called."""
    if as_json:
        out.write(json.dumps([{"version": number, moment: iso(at), "author": author or None} for number, at, author in found]))
        return
    for number, at, author in found:
        out.write(f"{number:6}  {iso(at)}{f'  member {author}' if author else ''}")


def write_one(out: Any, told: Mapping[str, Any], *, as_json: bool) -> None:
    """All that one says."""
    out.write(json.dumps(told, ensure_ascii=False, indent=None if as_json else 2))


def write_changes(out: Any, changes: Mapping[str, Sequence[str]], *, as_json: bool) -> None:
    """The lines that differ, by field."""
    if as_json:
        out.write(json.dumps(changes, ensure_ascii=False))
        return
    for field, lines in changes.items():
        out.write("\n".join((f"{field}:", *lines)))
