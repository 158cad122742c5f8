"""`troth campaign why WS CAMPAIGN IDENTIFIER`."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.publishing import find_campaign
from troth.campaigns.why import Story, tell_why
from troth.kernel.clock import iso, now_ms
from troth.people.lookup import find_person
from troth.workspaces.registry import find_workspace

SIGNS = {True: "+", False: "-", None: " "}


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
        if options["json"]:
            self.stdout.write(json.dumps(msgspec.to_builtins(stories), ensure_ascii=False))
            return
        for story in stories:
            for line in _lines(story):
                self.stdout.write(line)


def _lines(story: Story) -> list[str]:
    about = {"message": "message", "event": "event", "nothing": "nothing", "now": "now"}[story.about]
    lines = [f"{iso(story.at) if story.at else '–':24}  {about}: {story.says}"]
    return lines + [f"  {SIGNS[link.allow]} {link.what:12} {link.says}" for link in story.links]
