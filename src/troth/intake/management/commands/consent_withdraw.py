"""`troth consent withdraw WS IDENTIFIER PURPOSE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.intake.commands import Decision
from troth.intake.management.commands._decision import add_arguments, decide


class Command(BaseCommand):
    """Record that a person withdraws consent to a purpose, or objects to it (Art. 7(3), 21 GDPR); it counts at once."""

    help = "Record that a person withdraws from a purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, PURPOSE, --evidence."""
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Record it."""
        line = decide(options["workspace"], options["identifier"], options["purpose"], Decision.WITHDRAW, options["evidence"])
        self.stdout.write(line)
