"""`troth workspace sending WORKSPACE live|test|off`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.workspaces.models import SendMode
from troth.workspaces.registry import find_workspace
from troth.workspaces.send_mode import set_send_mode


class Command(BaseCommand):
    """Choose what becomes of a workspace's mail."""

    help = "Let mail go to the persons (live), all of it to one address (test), or hold it (off)."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, the mode, --to."""
        parser.add_argument("workspace")
        parser.add_argument("mode", choices=SendMode.values)
        parser.add_argument("--to", metavar="EMAIL", default="", help="where test mode sends; kept for the next time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change it and say what holds now."""
        workspace = find_workspace(options["workspace"])
        set_send_mode(workspace, options["mode"], options["to"])
        told = {
            SendMode.LIVE: "mail goes to the persons",
            SendMode.TEST: f"all mail goes to {workspace.test_address}",
            SendMode.OFF: "mail is held until sending is switched on again",
        }
        self.stdout.write(f"{workspace.name}: {told[SendMode(workspace.send_mode)]}.")
