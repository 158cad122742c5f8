"""`troth repermission stop WS ID`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._asking import add_asking, find_asking, tell
from troth.campaigns.repermission import stop_repermission
from troth.kernel.clock import now_ms


class Command(BaseCommand):
    """Ask nobody more and hold back what is queued; the answers of those who were asked still count."""

    help = "Ask nobody more, and hold back what is queued."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, ID."""
        add_asking(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop it."""
        self.stdout.write(tell(stop_repermission(find_asking(options), now=now_ms())))
