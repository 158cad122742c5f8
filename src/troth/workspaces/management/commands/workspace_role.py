"""`troth workspace role WS --processes-for NAME`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.workspaces.registry import find_workspace, set_controller


class Command(BaseCommand):
    """Say who decides what becomes of a workspace's data."""

    help = "Show or set whether a workspace's account decides itself (controller), or processes for another."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --processes-for, --controller."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--processes-for", metavar="NAME", help="the controller, who decides persons' requests (Art. 28)")
        chosen.add_argument("--controller", action="store_true", help="the workspace's own account decides")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set what was given, and print it."""
        workspace = find_workspace(options["workspace"])
        if options["controller"] or options["processes_for"] is not None:
            set_controller(workspace, options["processes_for"] or "")
        told = f"processes for {workspace.processes_for}, who decides" if workspace.processes_for else "is the controller"
        self.stdout.write(f"{workspace.name} {told}.")
