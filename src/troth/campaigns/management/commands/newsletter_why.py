"""`troth newsletter why WS NEWSLETTER IDENTIFIER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.management.commands._why import write_stories
from troth.campaigns.why_newsletter import tell_newsletter
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person


class Command(BaseCommand):
    """Tell why a person got a newsletter, or did not."""

    help = "Tell why a person got a newsletter, or did not, and why which variant."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, IDENTIFIER, --json."""
        add_newsletter(parser)
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the chain of decisions, the newest sending first."""
        own = find_named(options)
        stories = tell_newsletter(find_person(own.workspace_id, options["identifier"]), own, now_ms())
        write_stories(self.stdout, stories, as_json=options["json"])
