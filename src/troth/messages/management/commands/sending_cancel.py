"""`troth sending cancel WORKSPACE SOURCE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.cancelling import cancel_source
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Take back what has not left."""

    help = "Cancel what has not left of a source, for good, and say how much that was."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, SOURCE."""
        parser.add_argument("workspace")
        parser.add_argument("source", help="such as campaign:7 or newsletter:3")

    def handle(self, *args: Any, **options: Any) -> None:
        """Cancel it and tell the numbers."""
        told = cancel_source(find_workspace(options["workspace"]).pk, options["source"], now=now_ms(), by="the command line")
        self.stdout.write(f"{told.cancelled:,} cancelled, {told.leaving:,} in a sender's hands at this moment, {told.gone:,} had gone.")
