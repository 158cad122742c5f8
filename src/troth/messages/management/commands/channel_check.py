"""`troth channel check WORKSPACE ID`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.messages.configured import find_channel, open_configured
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Try the way of a channel without sending anything."""

    help = "Check a channel without sending anything; exit 1 on trouble, with what to do."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, ID."""
        parser.add_argument("workspace")
        parser.add_argument("channel", type=int, help="its number, see `troth channel list`")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check."""
        row = find_channel(find_workspace(options["workspace"]).pk, options["channel"])
        self.stdout.write(open_configured(row).check())
