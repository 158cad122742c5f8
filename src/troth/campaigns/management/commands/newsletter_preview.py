"""`troth newsletter preview WS NEWSLETTER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.draft_trials import try_newsletter
from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.management.commands._trying import add_sample, read_sample, tell_trial
from troth.kernel.clock import now_ms


class Command(BaseCommand):
    """Show a variant of a newsletter as a real or made-up person would get it; nothing is sent or stored."""

    help = "Show a variant of a newsletter as a real or made-up person would get it; nothing is sent or stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, --variant, --person, --made-up, --properties, --part."""
        add_newsletter(parser)
        parser.add_argument("--variant", default="", help="its letter; without it the first")
        add_sample(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it. Raises PersonNotFound, CommandError, NewsletterInvalid."""
        own = find_named(options)
        for line in tell_trial(try_newsletter(own, options["variant"], read_sample(own.workspace_id, options), now_ms()), options["part"]):
            self.stdout.write(line)
