"""`troth campaign resume WS CAMPAIGN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._campaign import add_campaign, find_named
from troth.campaigns.publishing import resume_campaign


class Command(BaseCommand):
    """As it was published last."""

    help = "Have a paused campaign react again."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN."""
        add_campaign(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the state."""
        own = resume_campaign(find_named(options))
        self.stdout.write(f"{own.name}: {own.state}")
