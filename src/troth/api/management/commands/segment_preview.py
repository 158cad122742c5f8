"""`troth segment preview WS FILE`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.api.management.commands._definition import add_file, read_file, read_shape
from troth.api.segment_schemas import SegmentDraftIn, SegmentIn
from troth.api.segments import count_draft
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Count whom the segment of a file would choose now, with its purposes; nothing is kept. The file is one for `create`, or lacks the name."""

    help = "Count whom the segment of a file would choose, and who is left out; nothing is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, FILE, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        add_file(parser)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and count. Raises what the API would refuse, with the place."""
        given = read_file(options["file"])
        draft = read_shape(SegmentIn if isinstance(given, dict) and "name" in given else SegmentDraftIn, given)
        own = SegmentDraftIn(definition=draft.definition, purpose=draft.purpose, also_for=draft.also_for)
        found = count_draft(find_workspace(options["workspace"]).pk, own)
        if options["json"]:
            self.stdout.write(json.dumps(found.model_dump(), ensure_ascii=False))
            return
        self.stdout.write(f"{found.count:,} of {found.people:,} people")
        for one in found.left_out:
            self.stdout.write(f"  left out: {one.people:,}  {one.purpose or 'anything'}: {one.reason}")
