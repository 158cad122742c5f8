"""`troth consent grant WS IDENTIFIER PURPOSE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.intake.commands import Decision
from troth.intake.management.commands._decision import add_arguments, decide


class Command(BaseCommand):
    """Record that a person consents to a purpose (Art. 7(1) GDPR: say with --evidence how they did)."""

    help = "Record that a person consents to a purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, PURPOSE, --evidence."""
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Record it."""
        line = decide(options["workspace"], options["identifier"], options["purpose"], Decision.GRANT, options["evidence"])
        self.stdout.write(line)
