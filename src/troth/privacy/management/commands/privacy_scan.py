"""`troth privacy scan WS --value V [--value …]`."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.sql import is_sqlite
from troth.privacy.compaction.server import data_directory
from troth.privacy.management.commands._progress import show_progress
from troth.privacy.scanning.scanner import Report
from troth.privacy.searching.mentions import find_mentions
from troth.privacy.searching.residue import paths_to_search, search_bytes
from troth.workspaces.registry import find_workspace

FOUND, UNREADABLE = 1, 2


class Command(BaseCommand):
    """Search every byte that Troth keeps for values, in whatever encoding."""

    help = "Search every byte kept for values; exit 1 if found, 2 if something was unreadable."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --value, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace; the files of all are searched")
        parser.add_argument(
            "--value", action="append", required=True, dest="values", metavar="V", help="what to look for; may be given again"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Search the files, on PostgreSQL the living rows too, and print where something was found."""
        find_workspace(options["workspace"])
        values: list[str] = options["values"]
        with show_progress("Searching every byte kept") as progress:
            report = search_bytes(values, progress, paths=paths_to_search())
        rows = {} if is_sqlite() else find_mentions(values)
        if options["json"]:
            self.stdout.write(json.dumps({**msgspec.to_builtins(report), "rows": rows, "clean": report.clean and not rows}))
        else:
            self._print(report, rows)
        if not report.clean or rows:
            sys.exit(FOUND)
        if not report.complete:
            sys.exit(UNREADABLE)

    def _print(self, report: Report, rows: dict[str, int]) -> None:
        for hit in report.hits:
            inside = f" inside {hit.container}" if hit.container else ""
            times = "once" if hit.count == 1 else f"{hit.count} times"
            self.stdout.write(f"FOUND value {hit.value_index + 1}: {hit.file}, {hit.encoding}, {times}, first at byte {hit.offset}{inside}")
        for column, number in rows.items():
            self.stdout.write(f"FOUND in {number} living rows: {column}")
        for item in report.unreadable:
            self.stdout.write(f"{'UNREADABLE' if item.holds_bytes else 'skipped'} {item.file}: {item.reason}")
        verdict = "Nothing found" if report.clean and not rows else "Found"
        self.stdout.write(f"{verdict}: {report.files} files, {report.bytes_read:,} bytes read.")
        spots = [
            *report.blind_spots,
            *([] if is_sqlite() or data_directory() else ["the files of the PostgreSQL server, which cannot be read from here"]),
        ]
        self.stdout.write(f"Cannot be seen by a search of files: {'; '.join(spots)}.")
