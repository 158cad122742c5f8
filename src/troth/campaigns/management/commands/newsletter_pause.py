"""`troth newsletter pause WS NEWSLETTER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.newsletters.running import pause_newsletter
from troth.kernel.clock import now_ms


class Command(BaseCommand):
    """What is queued waits."""

    help = "Send nothing more of a newsletter for now."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER."""
        add_newsletter(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the state."""
        own = pause_newsletter(find_named(options), now=now_ms())
        self.stdout.write(f"{own.name}: {own.state}")
