"""`troth account keep ACCOUNT`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.leaving.asking import workspaces_of
from troth.privacy.management.commands._leaving import find_account, keep


class Command(BaseCommand):
    """Call off a deletion that waits."""

    help = "Call off the deletion of an account."

    def add_arguments(self, parser: CommandParser) -> None:
        """ACCOUNT."""
        parser.add_argument("account", metavar="ACCOUNT", help="id or name of an account")

    def handle(self, *args: Any, **options: Any) -> None:
        """Keep it."""
        keep(self, next(iter(workspaces_of(find_account(options["account"]))), None))
