"""`troth campaign versions WS CAMPAIGN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._campaign import add_campaign, find_named
from troth.campaigns.management.commands._versions import add_choice, write_changes, write_list, write_one
from troth.campaigns.published import compare_with_draft, find_published, list_published_versions
from troth.kernel.clock import iso


class Command(BaseCommand):
    """List every publishing of a campaign, the last first; or show one as it was, or what the draft changes against it."""

    help = "List the versions of a campaign; show one, or what the draft changes against it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, CAMPAIGN, --number, --diff, --json."""
        add_campaign(parser)
        add_choice(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each, one as JSON, or a difference. Raises CampaignVersionUnknown."""
        own, as_json = find_named(options), options["json"]
        if options["diff"] is not None:
            write_changes(self.stdout, compare_with_draft(own, find_published(own, options["diff"])), as_json=as_json)
        elif options["number"] is not None:
            one = find_published(own, options["number"])
            when = {"version": one.number, "published_at": iso(one.published_at), "author": one.author or None}
            write_one(self.stdout, {**when, **one.written, "template_version": one.template_version}, as_json=as_json)
        else:
            write_list(self.stdout, list_published_versions(own), "published_at", as_json=as_json)
