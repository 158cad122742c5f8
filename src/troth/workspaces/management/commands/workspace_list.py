"""`troth workspace list`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.workspaces.registry import list_workspaces


class Command(BaseCommand):
    """List the workspaces of this installation."""

    help = "List workspaces."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print id and name of each."""
        rows = [{"id": workspace.pk, "name": workspace.name} for workspace in list_workspaces()]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['id']:>6}  {row['name']}")
