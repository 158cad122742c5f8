"""`troth workspace delete WORKSPACE [--confirm NAME] [--hold-days N | --now]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.management.commands._leaving import add_options, delete
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Delete a workspace for good, with everything in it, and print the certificate."""

    help = "Delete a workspace for good: shows what goes; --confirm NAME asks for it, --now does it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE and the options."""
        parser.add_argument("workspace", metavar="WORKSPACE", help="id or name of a workspace")
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Show, ask, or carry out."""
        delete(self, [find_workspace(options["workspace"])], options, whole_account=False)
