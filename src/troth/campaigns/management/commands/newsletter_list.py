"""`troth newsletter list WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import describe
from troth.campaigns.models import Newsletter
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """The newsletters of a workspace with their states."""

    help = "List the newsletters of a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, the newest first."""
        workspace = find_workspace(options["workspace"])
        rows = [describe(row) for row in Newsletter.objects.filter(workspace_id=workspace.pk).order_by("-pk")]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['id']:>6}  {row['state']:<10}  {row['name']}" + (f"  next {row['next_at']}" if row["next_at"] else ""))
        if not rows:
            self.stdout.write("There are none yet.")
