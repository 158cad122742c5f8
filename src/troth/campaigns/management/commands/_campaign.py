"""What the commands on campaigns share."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from troth.campaigns.editing import find_campaign
from troth.campaigns.models import Campaign
from troth.workspaces.registry import find_workspace


def add_campaign(parser: CommandParser) -> None:
    """WS and CAMPAIGN."""
    parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
    parser.add_argument("campaign", metavar="CAMPAIGN", type=int, help="its number, see `troth campaign list`")


def find_named(options: dict[str, Any]) -> Campaign:
    """The campaign that was named. Raises WorkspaceNotFound, CampaignUnknown."""
    return find_campaign(find_workspace(options["workspace"]).pk, options["campaign"])
