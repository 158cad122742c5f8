"""`troth newsletter show WS NEWSLETTER`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import add_newsletter, describe, find_named
from troth.campaigns.models import NewsletterRun
from troth.campaigns.newsletters.gathering import LOOKED_AT
from troth.campaigns.newsletters.outcomes import count_states
from troth.kernel.clock import iso


class Command(BaseCommand):
    """A newsletter and what became of the messages of its last sending."""

    help = "Show a newsletter, and what became of every message of its last sending."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, --json."""
        add_newsletter(parser)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        own = find_named(options)
        told = describe(own)
        run = NewsletterRun.objects.filter(workspace_id=own.workspace_id, newsletter_id=own.pk).order_by("-number").first()
        if run is not None:
            states: Counter[str] = Counter()
            for (_, state, reason), number in count_states(run).items():
                states[f"{state} {reason}".strip()] += number
            told["run"] = {"number": run.number, "state": run.state, "begun_at": iso(run.begun_at), "people": run.counts.get(LOOKED_AT, 0)}
            told["messages"] = dict(states.most_common())
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"{told['name']}: {told['state']}" + (f", begins {told['next_at']}" if told["next_at"] else ""))
        for why in filter(None, (told["waits_for"], told["trouble"] if told["state"] == "paused" else "")):
            self.stdout.write(why)
        if run is not None:
            self.stdout.write(f"Sending {run.number}, {run.state}: {told['run']['people']:,} people")
            for what, number in told["messages"].items():
                self.stdout.write(f"  {number:>9,}  {what}")
