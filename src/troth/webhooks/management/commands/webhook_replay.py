"""`troth webhook replay WS ID`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.webhooks.kinds import TYPES
from troth.webhooks.management.commands._webhook import add_webhook, chosen_webhook
from troth.webhooks.waiting import Filter, replay


class Command(BaseCommand):
    """Tell a webhook again what could not be told, or what was told; prints how many deliveries go again."""

    help = "Tell a webhook again what could not be told: all dead letters, those of a type, or some by their ids."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, ID, --state, --type, DELIVERY."""
        add_webhook(parser)
        parser.add_argument("delivery", metavar="DELIVERY", nargs="*", help="ids such as msg_123; none: all that match")
        parser.add_argument("--state", default="dead", choices=("dead", "delivered"))
        parser.add_argument("--type", default="", choices=("", *TYPES))

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay them."""
        try:
            ids = [int(name.removeprefix("msg_")) for name in options["delivery"]]
        except ValueError:
            raise CommandError("An id of a delivery looks like msg_123: it is the `webhook-id` that came with it.") from None
        which = Filter("" if ids else options["state"], options["type"])
        self.stdout.write(str(replay(chosen_webhook(options), which, now_ms(), ids=ids or None)))
