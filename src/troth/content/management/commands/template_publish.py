"""`troth template publish WS KEY`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.content.library import find_piece
from troth.content.publishing import publish_piece
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Campaigns take the version over when they are published themselves."""

    help = "Make a version of a draft, or say with part, line and column why it cannot be."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, KEY."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("key", metavar="KEY")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the version. Raises PieceMissing, TemplateInvalid, TemplateTooExpensive."""
        version = publish_piece(find_piece(find_workspace(options["workspace"]).pk, options["key"]))
        self.stdout.write(f"{version.key}: version {version.version}")
