"""`troth campaign why WS CAMPAIGN IDENTIFIER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.editing import find_campaign
from troth.campaigns.management.commands._why import write_stories
from troth.campaigns.why import tell_why
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Tell why a person got a campaign's message, or did not."""

    help = "Tell why a person got a campaign's message, or did not."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, IDENTIFIER, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("campaign", metavar="CAMPAIGN", type=int, help="id of the campaign")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the chain of decisions, the newest first."""
        workspace = find_workspace(options["workspace"])
        campaign = find_campaign(workspace.pk, options["campaign"])
        stories = tell_why(find_person(workspace.pk, options["identifier"]), campaign, now_ms())
        write_stories(self.stdout, stories, as_json=options["json"])
