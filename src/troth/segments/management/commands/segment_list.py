"""`troth segment list WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.segments.looking import read_freshness
from troth.segments.management.commands._segment import find_workspace_id
from troth.segments.registry import list_segments


class Command(BaseCommand):
    """List the segments of a workspace with their size and how far behind they are."""

    help = "List segments with size and freshness."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each."""
        now = now_ms()
        rows = [(row, read_freshness(row, now)) for row in list_segments(find_workspace_id(options["workspace"]))]
        if options["json"]:
            told = [
                {"id": row.pk, "name": row.name, "size": row.progress.size, "behind_ms": fresh.behind, "computing": fresh.computing}
                for row, fresh in rows
            ]
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for row, fresh in rows:
            state = f"computing, {fresh.computing} %" if fresh.computing is not None else f"{fresh.behind / 1000:.1f} s behind"
            self.stdout.write(f"{row.pk:6}  {row.progress.size:>10,}  {state:18}  {row.name}")
