"""`troth campaign versions WS CAMPAIGN`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._campaign import add_campaign, find_named
from troth.campaigns.published import compare_with_draft, find_published, list_published_versions
from troth.kernel.clock import iso


class Command(BaseCommand):
    """List every publishing of a campaign, the last first; or show one as it was, or what the draft changes against it."""

    help = "List the versions of a campaign; show one, or what the draft changes against it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, --number, --diff, --json."""
        add_campaign(parser)
        parser.add_argument("--number", type=int, help="only this one, with all that it says, as JSON")
        parser.add_argument("--diff", type=int, metavar="NUMBER", help="what the draft changes against this one, as diff -u writes it")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each, one as JSON, or a difference. Raises CampaignVersionUnknown."""
        own = find_named(options)
        if options["diff"] is not None:
            self._write_changes(compare_with_draft(own, find_published(own, options["diff"])), as_json=options["json"])
        elif options["number"] is not None:
            one = find_published(own, options["number"])
            told = {"version": one.number, "published_at": iso(one.published_at), **one.written, "template_version": one.template_version}
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=None if options["json"] else 2))
        else:
            self._write_list(list_published_versions(own), as_json=options["json"])

    def _write_list(self, found: list[tuple[int, int]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([{"version": number, "published_at": iso(at)} for number, at in found]))
            return
        for number, at in found:
            self.stdout.write(f"{number:6}  {iso(at)}")

    def _write_changes(self, changes: dict[str, list[str]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(changes, ensure_ascii=False))
            return
        for field, lines in changes.items():
            self.stdout.write("\n".join((f"{field}:", *lines)))
