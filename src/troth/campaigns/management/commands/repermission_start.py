"""`troth repermission start WS ID`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._asking import add_asking, find_asking, tell
from troth.campaigns.repermission import start_repermission
from troth.kernel.clock import now_ms


class Command(BaseCommand):
    """Begin to ask those who lack the consent, or go on after it was stopped. Nobody is asked twice."""

    help = "Begin to ask, or go on after it was stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, ID."""
        add_asking(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin, or go on."""
        self.stdout.write(tell(start_repermission(find_asking(options), now=now_ms())))
