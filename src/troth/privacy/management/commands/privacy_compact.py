"""`troth privacy compact`."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.compaction.running import compact_now


class Command(BaseCommand):
    """Rebuild what PostgreSQL keeps of deleted rows; the worker does it by itself at night when it is wanted."""

    help = "PostgreSQL: rebuild tables, statistics and log without what was deleted; then the worker searches."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compact, and say what was done and what could not be; exit code 1 if anything could not."""
        run = compact_now(now_ms(), told=lambda step: print(f"Compacting: {step}", file=sys.stderr))
        if options["json"]:
            self.stdout.write(json.dumps({"tables": run.rebuilt, "segments": run.segments, "lacks": run.lacks}))
        else:
            self.stdout.write(
                f"Rebuilt {run.rebuilt} tables, overwrote {run.segments} segments of the log. The worker searches for who was erased."
            )
            for what, why in run.lacks.items():
                self.stdout.write(f"Not done, {what}: {why}")
        if run.lacks:
            sys.exit(1)
