"""`troth campaign preview WS CAMPAIGN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.draft_trials import try_campaign
from troth.campaigns.editing import find_campaign
from troth.campaigns.management.commands._trying import add_sample, read_sample, tell_trial
from troth.kernel.clock import now_ms
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Show a campaign's draft as a real or made-up person would get it; nothing is sent or stored."""

    help = "Show a campaign's draft as a real or made-up person would get it; nothing is sent or stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, --person, --made-up, --properties, --part."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("campaign", metavar="CAMPAIGN", type=int, help="id of the campaign")
        add_sample(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it. Raises PersonNotFound, CommandError, CampaignUnknown."""
        own = find_campaign(find_workspace(options["workspace"]).pk, options["campaign"])
        for line in tell_trial(
            try_campaign(own, read_sample(own.workspace_id, options, event=own.trigger_event), now_ms()), options["part"]
        ):
            self.stdout.write(line)
