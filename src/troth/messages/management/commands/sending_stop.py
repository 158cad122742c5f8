"""`troth sending stop [WORKSPACE [SOURCE]]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.controls import INSTALLATION, WHOLE, stop_sending
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """The kill switch."""

    help = "Let nothing go from now on: of the installation, a workspace, or one source of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, SOURCE, --marketing, --note."""
        parser.add_argument("workspace", nargs="?", help="its name or id; the whole installation where none is given")
        parser.add_argument("source", nargs="?", default=WHOLE, help="such as campaign:7 or newsletter:3")
        parser.add_argument("--marketing", action="store_true", help="marketing alone; service mail goes on")
        parser.add_argument("--note", default="", help="why, for those who look later")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop it; senders see it within 200 ms."""
        name = options["workspace"]
        stop_sending(
            find_workspace(name).pk if name else INSTALLATION,
            options["source"],
            now=now_ms(),
            by="the command line",
            marketing_only=options["marketing"],
            note=options["note"],
        )
        self.stdout.write(
            "Stopped: nothing of it goes any more. `troth sending go` lets it go on; what was due is held and none of it is lost."
        )
