"""`troth report funnels WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.saved_funnels import FunnelUnknown, delete_funnel, find_funnel_named, list_funnels
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List the funnels that a workspace keeps, with their events; or delete one."""

    help = "List the funnels that are kept under a name, or delete one."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --delete, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--delete", default="", metavar="NAME", help="keep this one no more")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each, after one was deleted those that are left. Raises FunnelUnknown."""
        workspace_id = find_workspace(options["workspace"]).pk
        if options["delete"]:
            own = find_funnel_named(workspace_id, options["delete"])
            if own is None:
                raise FunnelUnknown
            delete_funnel(own)
        found = list_funnels(workspace_id)
        if options["json"]:
            self.stdout.write(json.dumps([{"id": own.pk, "name": own.name, **own.asked} for own in found], ensure_ascii=False))
            return
        for own in found:
            self.stdout.write(f"{own.pk:>6}  {own.name}  ({', '.join(step['event'] for step in own.asked['steps'])})")
        if not found:
            self.stdout.write("There are none yet.")
