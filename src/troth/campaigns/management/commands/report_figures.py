"""`troth report figures WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._report import add_days, read_days
from troth.campaigns.reports import name_sources, plain_figures, plain_rows, write_csv
from troth.messages.reports.counting import count_messages
from troth.messages.reports.shapes import By
from troth.workspaces.registry import find_workspace

SHOWN = ("audience", "sent", "bounced", "skipped", "opened", "clicked", "unsubscribed", "complained")


class Command(BaseCommand):
    """Count messages by what became of them."""

    help = "Count messages by what became of them, by day, source, variant, channel, topic or domain."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, the days, --by, --source, --csv, --json."""
        add_days(parser)
        parser.add_argument("--by", choices=[by.value for by in By], default=By.DAY.value)
        parser.add_argument("--source", default="", help="only of one, such as campaign:7")
        told = parser.add_mutually_exclusive_group()
        told.add_argument("--csv", action="store_true")
        told.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the groups, and the whole."""
        workspace, by = find_workspace(options["workspace"]), By(options["by"])
        table = count_messages(workspace.pk, read_days(options), by, source=options["source"])
        names = name_sources(workspace.pk, (line.key for line in table.lines)) if by is By.SOURCE else {}
        rows = plain_rows(table, names)
        if options["csv"]:
            self.stdout.write(write_csv(rows), ending="")
            return
        whole = plain_figures(table.whole)
        if options["json"]:
            self.stdout.write(json.dumps({"figures": whole, "reasons": table.reasons, "lines": rows}, ensure_ascii=False))
            return
        self.stdout.write(f"{'':30}" + "".join(f"{name:>13}" for name in SHOWN))
        for row in [*rows, {"key": "all", **whole}]:
            said = "the others" if row["key"] is None else row.get("name") or row["key"] or "none"
            self.stdout.write(f"{said[:29]:30}" + "".join(f"{row[name]:>13,}" for name in SHOWN))
