"""`troth report source WS SOURCE`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._report import add_days, read_days
from troth.campaigns.reports import find_source, make_report, plain_report
from troth.kernel.clock import now_ms
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Tell everything about one campaign or newsletter in figures."""

    help = "Tell everything about one campaign or newsletter: days, variants, links, conversions, cohorts, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, SOURCE, the days."""
        add_days(parser)
        parser.add_argument("source", metavar="SOURCE", help="such as campaign:7 or newsletter:7")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report as JSON."""
        source = find_source(find_workspace(options["workspace"]).pk, options["source"])
        report = plain_report(make_report(source, read_days(options), now_ms()))
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
