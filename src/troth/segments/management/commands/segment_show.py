"""`troth segment show WS SEGMENT`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.segments.looking import read_freshness
from troth.segments.management.commands._segment import add_segment, find_named


class Command(BaseCommand):
    """Show a segment's definition, purpose, size and freshness, as JSON."""

    help = "Show a segment as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, SEGMENT."""
        add_segment(parser)
        parser.add_argument("--json", action="store_true", help="in one line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the segment."""
        row = find_named(options)
        fresh = read_freshness(row, now_ms())
        told = {
            "id": row.pk,
            "name": row.name,
            "purpose": row.purpose,
            "also_for": row.also_for,
            "version": row.version,
            "size": row.progress.size,
            "computed_through": None if fresh.through is None else iso(fresh.through),
            "behind_ms": fresh.behind,
            "definition": row.definition,
        }
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=None if options["json"] else 2))
