"""`troth sending hold WORKSPACE MINUTES [SOURCE]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.messages.controls import WHOLE, set_hold
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """A time in which sending can be undone."""

    help = "Have messages wait so many minutes before they go, so that they can be taken back."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, MINUTES, SOURCE."""
        parser.add_argument("workspace")
        parser.add_argument("minutes", type=int, help="0: no wait")
        parser.add_argument("source", nargs="?", default=WHOLE, help="such as campaign:7; without it all marketing of the workspace")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it, for what is queued from now on."""
        set_hold(find_workspace(options["workspace"]).pk, options["source"], minutes=options["minutes"])
        self.stdout.write(f"What is queued from now on waits {options['minutes']} minutes.")
