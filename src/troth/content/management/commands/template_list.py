"""`troth template list WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.content.library import languages_in
from troth.content.models import Kind, Piece
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List the templates, layouts and snippets of a workspace."""

    help = "List stored templates, layouts and snippets."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --kind, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--kind", choices=Kind.values)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line each: key, kind, last version, languages, name."""
        pieces = Piece.objects.filter(workspace_id=find_workspace(options["workspace"]).pk).order_by("key")
        if options["kind"]:
            pieces = pieces.filter(kind=options["kind"])
        rows: list[dict[str, Any]] = [
            {"key": piece.key, "kind": piece.kind, "version": piece.version, "languages": languages_in(piece), "name": piece.name}
            for piece in pieces
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
            return
        for row in rows:
            version = f"version {row['version']}" if row["version"] else "draft"
            self.stdout.write(f"{row['key']:30}  {row['kind']:8}  {version:11}  {','.join(row['languages']):12}  {row['name']}")
