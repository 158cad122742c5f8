"""`troth privacy record WS`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.record.deriving import read_record
from troth.privacy.record.parties import TEXTS, save_parties
from troth.privacy.record.writing import plain_record, write_csv, write_pdf
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Write the record of processing, or say what cannot be derived."""

    help = "The record of processing (Art. 30) as JSON, CSV or PDF; --missing what it lacks; --set NAME=TEXT says it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --format, --out, --missing, --set."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--format", choices=("json", "csv", "pdf"), default="json")
        parser.add_argument("--out", metavar="FILE", type=Path, help="write it there; a PDF needs it")
        parser.add_argument("--missing", action="store_true", help="what the record lacks; exit 1 if anything")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=TEXT", help=f"{', '.join(TEXTS)}, role, or people (a;b;c)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        workspace_id = find_workspace(options["workspace"]).pk
        if options["set"]:
            save_parties(workspace_id, dict(_read(text) for text in options["set"]), now=now_ms())
        record = read_record(workspace_id, now_ms())
        if options["missing"]:
            for one in record.missing:
                self.stdout.write(f"Art. {one.article:9} {one.says}")
            if record.missing:
                raise SystemExit(1)
            return
        if options["format"] == "pdf":
            if options["out"] is None:
                raise CommandError("A PDF goes to a file: --out FILE.")
            options["out"].write_bytes(write_pdf(record))
            return
        text = write_csv(record) if options["format"] == "csv" else json.dumps(plain_record(record), ensure_ascii=False) + "\n"
        if options["out"] is None:
            self.stdout.write(text, ending="")
        else:
            options["out"].write_text(text)


def _read(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError("--set takes NAME=TEXT.")
    return name, [part.strip() for part in value.split(";") if part.strip()] if name == "people" else value
