"""`troth report funnel WS EVENT EVENT …`, or `--name NAME`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.campaigns.funnels import funnel_rows, name_received, plain_funnel
from troth.campaigns.management.commands._report import add_days, read_days
from troth.campaigns.reports import write_csv
from troth.campaigns.saved_funnels import FunnelUnknown, find_funnel_named, save_funnel
from troth.kernel.clock import now_ms
from troth.messages.reports.funnels import count_funnel, read_funnel
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Tell how far people came through events in order: those that are named, or those of a funnel that is kept under a name."""

    help = "Tell how many people came through events in order, each within some days of their first; of who agreed to be looked at."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, the steps, the days, whose, and apart by what."""
        add_days(parser)
        parser.add_argument(
            "steps", metavar="EVENT", nargs="*", help='two to six: a name, or JSON such as {"event": "bought", "where": {…}}'
        )
        parser.add_argument("--days", type=int, default=7, help="from the first step to the last")
        parser.add_argument("--segment", type=int, metavar="ID", help="its members alone")
        parser.add_argument("--source", default="", help="such as newsletter:7: who got a message of it is told apart")
        parser.add_argument("--also-for", action="append", default=[], metavar="PURPOSE", help="a further purpose that this serves")
        parser.add_argument(
            "--name", default="", help="keeps these events under a name; without events, counts those that are kept under it"
        )
        parser.add_argument("--csv", action="store_true", help="as CSV instead of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the funnel."""
        workspace_id = find_workspace(options["workspace"]).pk
        funnel = read_funnel(workspace_id, self._find_asked(workspace_id, options))
        names = name_received(workspace_id, funnel)
        found = count_funnel(workspace_id, read_days(options), funnel, now=now_ms())
        told = (
            write_csv(funnel_rows(found, names)) if options["csv"] else json.dumps(plain_funnel(found, names), ensure_ascii=False, indent=2)
        )
        self.stdout.write(told)

    def _find_asked(self, workspace_id: int, options: dict[str, Any]) -> Any:
        """What is counted; if it has a name and events, it is kept. Raises FunnelInvalid, FunnelUnknown, and what keeping it raises."""
        name, steps = options["name"], [_read_step(text) for text in options["steps"]]
        given = {"steps": steps, **{field: options[field] for field in ("days", "segment", "source", "also_for")}}
        kept = find_funnel_named(workspace_id, name) if name else None
        if name and not steps:
            if kept is None:
                raise FunnelUnknown
            return kept.asked
        if name:
            return save_funnel(workspace_id, name, given, now=now_ms()).asked
        return given


def _read_step(text: str) -> Any:
    if not text.startswith("{"):
        return {"event": text}
    try:
        return json.loads(text)
    except ValueError:
        raise CommandError(f"This step is not JSON: {text[:80]}") from None
