"""`troth segment versions WS SEGMENT`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso
from troth.segments.evaluate import Described, describe
from troth.segments.management.commands._segment import add_segment, find_named
from troth.segments.registry import get_version


class Command(BaseCommand):
    """List every version of a segment, the newest first, or show one in words."""

    help = "List the versions of a segment, or show one in words."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, SEGMENT, --number, --json."""
        add_segment(parser)
        parser.add_argument("--number", type=int, help="only this one, with its conditions")
        parser.add_argument("--json", action="store_true", help="print JSON, with the definitions")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each, or one with its conditions. Raises CommandError, VersionUnknown."""
        row = find_named(options)
        number = options["number"]
        versions = list(row.versions.order_by("-version")) if number is None else [get_version(row, number)]
        if options["json"]:
            told = [
                {
                    "version": one.version,
                    "name": one.name,
                    "definition": one.definition,
                    "purpose": one.purpose,
                    "also_for": one.also_for,
                    "at": iso(one.at),
                    "author": one.author,
                }
                for one in versions
            ]
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for one in versions:
            purposes = ", ".join((one.purpose, *one.also_for))
            self.stdout.write(f"{one.version:6}  {iso(one.at)}  {one.author or '-'}  {one.name}  ({purposes})")
            if number is not None:
                self._write_tree(describe(one.definition), 1)

    def _write_tree(self, node: Described, depth: int) -> None:
        self.stdout.write(f"{'  ' * depth}{node.says}")
        for part in node.parts:
            self._write_tree(part, depth + 1)
