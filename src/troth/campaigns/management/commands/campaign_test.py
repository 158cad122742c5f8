"""`troth campaign test WS CAMPAIGN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.draft_trials import try_campaign
from troth.campaigns.editing import find_campaign
from troth.campaigns.management.commands._trying import add_sample, read_sample, send_test
from troth.kernel.clock import now_ms
from troth.workspaces.models import Workspace
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Send a campaign's draft to a member of the workspace, as a real or made-up person would get it."""

    help = "Send a campaign's draft to a member of the workspace, as a real or made-up person would get it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, --person, --made-up, --properties, --part, --to."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("campaign", metavar="CAMPAIGN", type=int, help="id of the campaign")
        add_sample(parser)
        parser.add_argument("--to", required=True, metavar="EMAIL", help="the address that a member of the workspace logs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it. Raises PersonNotFound, CommandError, TrialRefused, CampaignUnknown."""
        own = find_campaign(find_workspace(options["workspace"]).pk, options["campaign"])
        trial = try_campaign(own, read_sample(own.workspace_id, options, event=own.trigger_event), now_ms())
        self.stdout.write(send_test(Workspace.objects.get(pk=own.workspace_id), trial, options["to"]))
