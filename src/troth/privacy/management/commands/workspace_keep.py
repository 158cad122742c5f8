"""`troth workspace keep WORKSPACE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.management.commands._leaving import keep
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Call off a deletion that waits."""

    help = "Call off the deletion of a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE."""
        parser.add_argument("workspace", metavar="WORKSPACE", help="id or name of a workspace")

    def handle(self, *args: Any, **options: Any) -> None:
        """Keep it."""
        keep(self, find_workspace(options["workspace"]))
