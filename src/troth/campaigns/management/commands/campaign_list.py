"""`troth campaign list WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.models import Campaign
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """The campaigns of a workspace with their states."""

    help = "List the campaigns of a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, the newest first."""
        rows = list(Campaign.objects.filter(workspace_id=find_workspace(options["workspace"]).pk).order_by("-pk"))
        if options["json"]:
            told = [{"id": row.pk, "name": row.name, "state": row.state, "has_changes": row.has_changes} for row in rows]
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for row in rows:
            self.stdout.write(f"{row.pk:>6}  {row.state:<10}  {row.name}" + ("  edited since" if row.has_changes else ""))
        if not rows:
            self.stdout.write("There are none yet.")
