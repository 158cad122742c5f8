"""`troth webhook test WS ID`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.webhooks.kinds import TYPES
from troth.webhooks.management.commands._webhook import add_webhook, chosen_webhook
from troth.webhooks.testing import try_webhook


class Command(BaseCommand):
    """Tell a webhook a made-up piece of news at once, and say what it answered; fails where it was not taken."""

    help = "Tell a webhook a made-up piece of news, and say what it answered."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, ID, --type."""
        add_webhook(parser)
        parser.add_argument("--type", default="", choices=TYPES, help="by default the first that it is told of")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try it."""
        answer = try_webhook(chosen_webhook(options), now_ms(), type_=options["type"])
        if not answer.is_taken:
            raise CommandError(f"It was not taken: {answer.status or 'no answer'} ({answer.trouble}).")
        self.stdout.write(f"It was taken ({answer.status}).")
