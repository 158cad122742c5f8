"""`troth campaign restore WS CAMPAIGN NUMBER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._campaign import add_campaign, find_named
from troth.campaigns.published import restore_published


class Command(BaseCommand):
    """The draft becomes what it was when a version was published; what is published goes on until the draft is."""

    help = "Write an earlier version of a campaign into its draft; nothing is published."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, NUMBER."""
        add_campaign(parser)
        parser.add_argument("number", metavar="NUMBER", type=int, help="of the version: `troth campaign versions WS CAMPAIGN` lists them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CampaignVersionUnknown, and what a change raises that cannot be kept."""
        own = restore_published(find_named(options), options["number"])
        self.stdout.write(f"{own.name}: the draft is as version {options['number']} was; publish it to have it react so")
