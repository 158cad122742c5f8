"""`troth account delete ACCOUNT [--confirm NAME] [--hold-days N | --now]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.leaving.asking import workspaces_of
from troth.privacy.management.commands._leaving import add_options, delete, find_account


class Command(BaseCommand):
    """Delete an account for good, with everything in it, and print the certificate."""

    help = "Delete an account for good with all its workspaces: shows what goes; --confirm NAME, --now."

    def add_arguments(self, parser: CommandParser) -> None:
        """ACCOUNT and the options."""
        parser.add_argument("account", metavar="ACCOUNT", help="id or name of an account")
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Show, ask, or carry out."""
        delete(self, workspaces_of(find_account(options["account"])), options, whole_account=True)
