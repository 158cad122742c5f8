"""`troth segment count WS FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.consent.catalog import PROFILING
from troth.kernel.clock import now_ms
from troth.segments.looking import preview
from troth.segments.management.commands._segment import find_workspace_id
from troth.segments.models import Segment
from troth.segments.registry import check_segment


class Command(BaseCommand):
    """Count whom a definition would choose now, and who is left out and why; nothing is kept. FILE holds the definition as JSON; `-` reads it from standard input."""

    help = "Count whom a definition (a JSON file, or -) would choose, and who is left out."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, FILE, --purpose, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("file", metavar="FILE", help="a JSON file with the definition; - for standard input")
        parser.add_argument("--purpose", default=PROFILING, help="the purpose under which people would be chosen")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and count."""
        try:
            text = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text(encoding="utf-8")
            definition = json.loads(text)
        except (OSError, ValueError) as error:
            raise CommandError(f"The definition cannot be read: {type(error).__name__}. Give a file with a JSON object.") from None
        now = now_ms()
        workspace_id = find_workspace_id(options["workspace"])
        segment = Segment(
            workspace_id=workspace_id, name="draft", definition=definition, purpose=options["purpose"], created_at=now, updated_at=now
        )
        check_segment(segment)
        found = preview(segment, now)
        if options["json"]:
            self.stdout.write(
                json.dumps({"count": found.count, "people": found.people, "left_out": [one._asdict() for one in found.left_out]})
            )
            return
        self.stdout.write(f"{found.count:,} of {found.people:,} people")
        for one in found.left_out:
            self.stdout.write(f"  left out: {one.people:,}  {one.purpose or 'anything'}: {one.reason}")
