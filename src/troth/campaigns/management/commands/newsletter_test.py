"""`troth newsletter test WS NEWSLETTER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.draft_trials import try_newsletter
from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.management.commands._trying import add_sample, read_sample, send_test
from troth.kernel.clock import now_ms
from troth.workspaces.models import Workspace


class Command(BaseCommand):
    """Send a variant of a newsletter to a member of the workspace, as a real or made-up person would get it."""

    help = "Send a variant of a newsletter to a member of the workspace, as a real or made-up person would get it."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, --variant, --person, --made-up, --properties, --part, --to."""
        add_newsletter(parser)
        parser.add_argument("--variant", default="", help="its letter; without it the first")
        add_sample(parser)
        parser.add_argument("--to", required=True, metavar="EMAIL", help="the address that a member of the workspace logs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it. Raises PersonNotFound, CommandError, TrialRefused, NewsletterInvalid."""
        own = find_named(options)
        trial = try_newsletter(own, options["variant"], read_sample(own.workspace_id, options), now_ms())
        self.stdout.write(send_test(Workspace.objects.get(pk=own.workspace_id), trial, options["to"]))
