"""`troth campaign pause WS CAMPAIGN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._campaign import add_campaign, find_named
from troth.campaigns.publishing import pause_campaign


class Command(BaseCommand):
    """What is queued goes out."""

    help = "Have a campaign react to nothing more for now."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN."""
        add_campaign(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the state."""
        own = pause_campaign(find_named(options))
        self.stdout.write(f"{own.name}: {own.state}")
