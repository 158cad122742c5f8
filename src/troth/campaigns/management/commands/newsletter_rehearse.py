"""`troth newsletter rehearse WS NEWSLETTER`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._newsletter import add_newsletter, find_named
from troth.campaigns.newsletter_rehearsal import MOST, WOULD, Rehearsal, rehearse_newsletter
from troth.kernel.clock import HOUR, iso, now_ms


class Command(BaseCommand):
    """Tell what sending a newsletter would come to; nothing is sent or stored."""

    help = "Tell who would get a newsletter, at which hour and why others would not, as things stand; nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, NEWSLETTER, --most, --json."""
        add_newsletter(parser)
        parser.add_argument("--most", type=int, default=MOST, help="people to look at; of more, some as chance has them")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what would be; persons are in the JSON only."""
        told = rehearse_newsletter(find_named(options), now=now_ms(), most=options["most"])
        if options["json"]:
            self.stdout.write(json.dumps(msgspec.to_builtins(told, str_keys=True), ensure_ascii=False))
            return
        for line in _lines(told):
            self.stdout.write(line)


def _lines(told: Rehearsal) -> Iterator[str]:
    more = "" if told.is_whole else f", of whom {told.looked_at} were looked at as chance has them: --most looks at more"
    yield f"From {iso(told.begins)}: {told.people} people{more}"
    if told.waits_for:
        yield told.waits_for
    if told.held:
        yield f"Nothing goes out to them as the workspace is now ({told.held.replace('_', ' ')}); the figures leave that out."
    yield f"{told.would:8}  would be sent"
    if len(told.variants) > 1:
        yield from (f"{number:8}    variant {key}" for key, number in sorted(told.variants.items()))
    if told.put_off:
        yield f"{told.put_off:8}    put off until an hour at which it may be sent"
    yield from (f"{number:8}  {reason}" for reason, number in told.outcomes.most_common() if reason != WOULD)
    yield from (f"{iso(hour * HOUR)[:13]}  {number}" for hour, number in sorted(told.by_hour.items()))
    if told.later:
        yield f"later          {told.later}"
    if told.ends is not None:
        yield f"The last goes out about {iso(told.ends)}."
