"""`troth channel test WORKSPACE ID --to ADDRESS`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.configured import find_channel
from troth.messages.trying import send_trial
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Send a test by a channel."""

    help = "Send a test by a channel to an address, number or token of yours."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, ID, --to."""
        parser.add_argument("workspace")
        parser.add_argument("channel", type=int, help="its number, see `troth channel list`")
        parser.add_argument("--to", default="", help="nothing for a webhook, which goes to its own address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it."""
        row = find_channel(find_workspace(options["workspace"]).pk, options["channel"])
        self.stdout.write(f"It was taken: {send_trial(row, options['to'], now_ms())}.")
