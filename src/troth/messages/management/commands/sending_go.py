"""`troth sending go [WORKSPACE [SOURCE]]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.controls import INSTALLATION, WHOLE, let_go
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """End a stop."""

    help = "End a stop: what was held is queued again."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, SOURCE."""
        parser.add_argument("workspace", nargs="?", help="its name or id; the whole installation where none is given")
        parser.add_argument("source", nargs="?", default=WHOLE, help="such as campaign:7 or newsletter:3")

    def handle(self, *args: Any, **options: Any) -> None:
        """Let it go."""
        name = options["workspace"]
        ended = let_go(find_workspace(name).pk if name else INSTALLATION, options["source"], now=now_ms())
        self.stdout.write("It goes on: what was held is queued again within seconds." if ended else "It was not stopped.")
