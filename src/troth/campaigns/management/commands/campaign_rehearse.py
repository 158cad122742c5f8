"""`troth campaign rehearse WS CAMPAIGN`."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.editing import find_campaign
from troth.campaigns.rehearsal import MOST, WOULD, Rehearsal, rehearse
from troth.kernel.clock import iso, now_ms
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Run a campaign's draft on the recorded past; nothing is sent or stored."""

    help = "Run a campaign's draft on the recorded past: who would have got it, and why not; nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, --days, --most, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("campaign", metavar="CAMPAIGN", type=int, help="id of the campaign")
        parser.add_argument("--days", type=int, default=30, help="how far back, at most 366")
        parser.add_argument("--most", type=int, default=MOST, help="occasions to look at")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what would have been."""
        workspace = find_workspace(options["workspace"])
        campaign = find_campaign(workspace.pk, options["campaign"])
        told = rehearse(campaign, days=options["days"], now=now_ms(), most=options["most"])
        if options["json"]:
            self.stdout.write(json.dumps(msgspec.to_builtins(told, str_keys=True), ensure_ascii=False))
            return
        for line in _lines(told):
            self.stdout.write(line)


def _lines(told: Rehearsal) -> list[str]:
    more = "" if told.is_whole else ", and there are more: --most looks further"
    lines = [f"{iso(told.since)} to {iso(told.until)}: {told.occasions} occasions of {told.people} people{more}"]
    if not told.is_known:
        lines.append("Nothing that is recorded tells who left this segment in the past, so there is nothing to rehearse on.")
    elif told.unrecorded:
        lines.append(f"Of these the past is not recorded, they are taken as they are now: {'; '.join(told.unrecorded)}")
    lines.append(f"{told.would:8}  would have been sent")
    return lines + [f"{number:8}  {reason}" for reason, number in told.outcomes.most_common() if reason != WOULD]
