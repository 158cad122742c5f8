"""`troth newsletter versions WS NEWSLETTER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.management.commands._versions import add_choice, write_changes, write_list, write_one
from troth.campaigns.newsletters.versions import compare_draft, find_version, list_versions
from troth.kernel.clock import iso


class Command(BaseCommand):
    """List every draft of a newsletter that was saved, the last first; or show one as it was, or what the draft changes against it."""

    help = "List the versions of a newsletter's draft; show one, or what the draft changes against it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, --number, --diff, --json."""
        add_newsletter(parser)
        add_choice(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each, one as JSON, or a difference. Raises NewsletterVersionUnknown."""
        own, as_json = find_named(options), options["json"]
        if options["diff"] is not None:
            write_changes(self.stdout, compare_draft(own, find_version(own, options["diff"])), as_json=as_json)
        elif options["number"] is not None:
            one = find_version(own, options["number"])
            when = {"version": one.number, "saved_at": iso(one.saved_at), "author": one.author or None}
            write_one(self.stdout, {**when, **one.written}, as_json=as_json)
        else:
            found = [(one.number, one.saved_at, one.author) for one in list_versions(own)]
            write_list(self.stdout, found, "saved_at", as_json=as_json)
