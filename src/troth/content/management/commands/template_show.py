"""`troth template show WS KEY`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.content.library import find_piece, find_version, written_in, written_of
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Show the sources of a template, layout or snippet: the draft, or a version."""

    help = "Show a stored template as it was written."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, KEY, --version, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("key", metavar="KEY")
        parser.add_argument("--number", type=int, default=0, metavar="N", help="of a published version; without it the draft")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print part by part."""
        piece = find_piece(find_workspace(options["workspace"]).pk, options["key"])
        number = options["number"]
        written = written_in(find_version(piece.workspace_id, piece.key, number)) if number else written_of(piece)
        if options["json"]:
            self.stdout.write(json.dumps({"key": piece.key, **written._asdict()}, ensure_ascii=False))
            return
        self.stdout.write(
            f"{piece.key}: {written.kind}, {written.format}, layout {written.layout or '-'}, written in {written.language} first"
        )
        for language, parts in written.parts.items():
            for part, source in parts.items():
                if source:
                    self.stdout.write(f"\n--- {language} {part}\n{source}")
