"""`troth newsletter restore WS NEWSLETTER NUMBER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.newsletters.versions import restore_version
from troth.kernel.clock import now_ms


class Command(BaseCommand):
    """The draft becomes what it was when a version was saved."""

    help = "Write an earlier version of a newsletter into its draft; nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, NUMBER."""
        add_newsletter(parser)
        parser.add_argument(
            "number", metavar="NUMBER", type=int, help="of the version: `troth newsletter versions WS NEWSLETTER` lists them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises NewsletterVersionUnknown, and what a change raises that cannot be kept."""
        own = restore_version(find_named(options), options["number"], now=now_ms())
        self.stdout.write(f"{own.name}: the draft is as version {options['number']} was; nothing is sent before it is started")
