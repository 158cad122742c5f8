"""`troth agreements publish KIND FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.workspaces.agreements.registry import Kind, publish_agreement, read_kind


class Command(BaseCommand):
    """A new version of an agreement."""

    help = "Publish a new version of an agreement (dpa, terms or privacy) from a Markdown file; every workspace is asked to accept it."

    def add_arguments(self, parser: CommandParser) -> None:
        """KIND FILE."""
        parser.add_argument("kind", metavar="KIND", choices=[kind.value for kind in Kind])
        parser.add_argument("file", metavar="FILE", type=Path, help="Markdown that begins with `# Title`")

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish it and say its number."""
        try:
            text = options["file"].read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read ({type(error).__name__}): name a text file in UTF-8.") from None
        version = publish_agreement(read_kind(options["kind"]), text, now=now_ms())
        self.stdout.write(f"{Kind(version.kind).label}: version {version.number} is published; owners are asked to accept it.")
