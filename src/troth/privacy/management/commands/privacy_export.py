"""`troth privacy export WS IDENTIFIER --out FILE [--portable]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.desk.portability import write_portable
from troth.privacy.exporting.export import write_export
from troth.privacy.exporting.speech import TRANSLATIONS
from troth.privacy.models import RequestType
from troth.privacy.requests import record_done
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Write everything that is held on a person into one file (Art. 15, 20 GDPR)."""

    help = "Write everything held on a person to a .zip, .json or .pdf file."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, --out, --portable, --language."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--out", required=True, metavar="FILE", help="….zip (JSON, readable page, note), ….json or ….pdf")
        parser.add_argument(
            "--portable",
            action="store_true",
            help="only what the person provided, observed data included (Art. 20): a .zip of JSON and CSV",
        )
        parser.add_argument("--language", default="", choices=tuple(TRANSLATIONS), help="of its words; else the person's own, else English")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and record that it was handed out."""
        workspace = find_workspace(options["workspace"])
        subject = find_person(workspace.pk, options["identifier"])
        path = Path(options["out"])
        try:
            if options["portable"]:
                write_portable(subject, path, now=now_ms(), language=options["language"])
            else:
                write_export(subject, path, language=options["language"])
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}. Choose another --out.") from None
        right = RequestType.PORTABILITY if options["portable"] else RequestType.ACCESS
        record_done(subject, right, source="cli", now=now_ms(), steps={})
        self.stdout.write(f"Written: {path} ({path.stat().st_size:,} bytes). It holds personal data: hand it over safely, then remove it.")
