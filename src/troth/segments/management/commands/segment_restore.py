"""`troth segment restore WS SEGMENT NUMBER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.segments.management.commands._segment import add_segment, find_named
from troth.segments.registry import restore_version


class Command(BaseCommand):
    """Save a segment as it was in an earlier version, as a new one; the worker computes it."""

    help = "Take up an earlier version of a segment, as a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, SEGMENT, NUMBER."""
        add_segment(parser)
        parser.add_argument("number", metavar="NUMBER", type=int, help="of the version: `troth segment versions WS SEGMENT` lists them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the new version. Raises CommandError, VersionUnknown, and what a change raises that cannot be kept."""
        row = restore_version(find_named(options), options["number"], author="command line")
        self.stdout.write(f"{row.name}: version {row.version} is as version {options['number']} was")
