"""`troth privacy readiness WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.readiness.lines import read_lines
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """The list that a company goes through before it goes live."""

    help = "Tell line by line whether a workspace is ready to go live; exit 1 while something is to be mended."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each."""
        lines = read_lines(find_workspace(options["workspace"]), now_ms())
        if options["json"]:
            self.stdout.write(
                json.dumps([{"key": line.key, "fine": line.is_fine, "says": line.says, "place": line.place} for line in lines])
            )
        else:
            marks = {True: "ok", False: "MEND", None: "-"}
            for line in lines:
                self.stdout.write(f"{marks[line.is_fine]:6} {line.key:20} {line.says}")
        missing = sum(line.is_fine is False for line in lines)
        if missing:
            raise CommandError(f"{missing} lines are to be mended: the console's room Readiness leads to each.", returncode=1)
