"""`troth consent import WS FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.intake.decision_import import Report, import_decisions
from troth.kernel.clock import now_ms
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Record decisions on purposes from a CSV file, with what proves them; what cannot be proven permits nothing."""

    help = "Import decisions with their evidence from a CSV file. Exit code 1 when a row could not be recorded."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, FILE, --dry-run."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("file", metavar="FILE", help="a CSV file in UTF-8; docs/consent.md lists its columns")
        parser.add_argument("--dry-run", action="store_true", help="say what would become of each row, and record nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Record them, telling how far it is."""
        workspace, report = find_workspace(options["workspace"]), Report()
        try:
            with Path(options["file"]).open(encoding="utf-8", newline="") as lines:
                import_decisions(workspace.pk, lines, report, now=now_ms(), is_trial=options["dry_run"], tell=self._tell)
        except UnicodeDecodeError as error:
            raise CommandError(
                f"After row {report.rows:,}: the file is not in UTF-8 ({error.reason}). Save it as UTF-8 and import it again."
            ) from None
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from None
        for line, why in report.problems:
            self.stdout.write(f"line {line}: {why}")
        told = ", ".join(f"{number:,} {outcome.replace('_', ' ')}" for outcome, number in sorted(report.counts.items())) or "no rows"
        self.stdout.write(f"{'Nothing was recorded; it would be' if options['dry_run'] else 'Done'}: {told}.")
        if set(report.counts) - {"recorded", "unproven", "repeated"}:
            raise SystemExit(1)

    def _tell(self, report: Report) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{report.rows:,} rows", ending="")
