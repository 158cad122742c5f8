"""`troth campaign publish WS CAMPAIGN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._campaign import add_campaign, find_named
from troth.campaigns.publishing import publish_campaign


class Command(BaseCommand):
    """Check its draft, and react by it from now on."""

    help = "Publish the draft of a campaign, or say why it cannot be."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN."""
        add_campaign(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the state."""
        own = publish_campaign(find_named(options))
        self.stdout.write(f"{own.name}: {own.state}")
