"""`troth doctor`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.checks import examine
from troth.kernel.clock import now_ms


class Command(BaseCommand):
    """Check configuration, keys, disk, queues and requests; exit 1 on trouble."""

    help = "Check configuration, keys, disk, queues and requests; exit 1 on trouble."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per check."""
        findings = list(examine(now_ms()))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                self.stdout.write(f"{'ok     ' if finding.ok else 'TROUBLE'}  {finding.check:17} {finding.says}")
        if not all(finding.ok for finding in findings):
            sys.exit(1)
