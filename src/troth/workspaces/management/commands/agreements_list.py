"""`troth agreements list [WS]`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso
from troth.workspaces.agreements.registry import read_statuses
from troth.workspaces.registry import find_workspace, list_workspaces


class Command(BaseCommand):
    """Who accepted what."""

    help = "Show for each workspace which agreements were accepted, by whom, and which are not in their newest version."

    def add_arguments(self, parser: CommandParser) -> None:
        """[WS], --json."""
        parser.add_argument("workspace", metavar="WS", nargs="?", help="id or name of a workspace; without it all")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each."""
        own = [find_workspace(options["workspace"])] if options["workspace"] else list_workspaces()
        rows = [
            {
                "workspace_id": workspace.pk,
                "agreement": status.kind.value,
                "newest": status.newest.number,
                "accepted": status.accepted.version.number if status.accepted else None,
                "by": status.accepted.name if status.accepted else None,
                "at": iso(status.accepted.at) if status.accepted else None,
                "counts": status.counts,
            }
            for workspace in own
            for status in read_statuses(workspace.pk)
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            says = f"accepted by {row['by']} {str(row['at'])[:10]}" if row["counts"] else "NOT ACCEPTED"
            self.stdout.write(f"{row['workspace_id']:>6}  {row['agreement']:8} version {row['newest']:<3} {says}")
