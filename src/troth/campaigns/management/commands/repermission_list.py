"""`troth repermission list WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._asking import describe, tell
from troth.campaigns.repermission_figures import list_repermissions
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List the latest askings of a workspace with their figures."""

    help = "List the askings of a workspace: whom they asked, left out and why, and the answers."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, the newest first."""
        rows = list_repermissions(find_workspace(options["workspace"]).pk)
        if options["json"]:
            self.stdout.write(json.dumps([describe(row) for row in rows]))
            return
        for row in rows:
            self.stdout.write(tell(row))
