"""`troth privacy export WS IDENTIFIER --out FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.export import write_export
from troth.privacy.requests import record_export
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Write everything that is held on a person into one file (Art. 15, 20 GDPR)."""

    help = "Write everything held on a person to a .zip or .json file."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, --out."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--out", required=True, metavar="FILE", help="….zip (JSON, readable page, note) or ….json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and record that it was handed out."""
        workspace = find_workspace(options["workspace"])
        subject = find_person(workspace.pk, options["identifier"])
        path = Path(options["out"])
        try:
            write_export(subject, path)
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}. Choose another --out.") from None
        record_export(subject, source="cli", now=now_ms())
        self.stdout.write(f"Written: {path} ({path.stat().st_size:,} bytes). It holds personal data: hand it over safely, then remove it.")
