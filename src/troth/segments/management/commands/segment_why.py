"""`troth segment why WS SEGMENT IDENTIFIER`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.people.lookup import find_person
from troth.segments.looking import explain_membership
from troth.segments.management.commands._segment import add_segment, find_named, tell


class Command(BaseCommand):
    """Tell why a person is in a segment, or not: what the gate says, and each condition with what decided it."""

    help = "Tell why a person is in a segment, or not."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, SEGMENT, IDENTIFIER, --json."""
        add_segment(parser)
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the tree."""
        row = find_named(options)
        found = explain_membership(row, find_person(row.workspace_id, options["identifier"]), now_ms())
        if options["json"]:
            verdicts = [{"purpose": one.purpose, "allow": one.allow, "reason": one.reason} for one in found.verdicts]
            self.stdout.write(
                json.dumps({"is_in": found.is_in, "verdicts": verdicts, "conditions": asdict(found.tree)}, ensure_ascii=False)
            )
            return
        since = f" since {iso(found.since)}" if found.since is not None else ""
        self.stdout.write(f"{'in the segment' if found.is_in else 'not in the segment'}{since}")
        for one in found.verdicts:
            self.stdout.write(f"  {'may' if one.allow else 'may not'} be chosen for {one.purpose}{f': {one.reason}' if one.reason else ''}")
        for line in tell(found.tree, 1):
            self.stdout.write(line)
