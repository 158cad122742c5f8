"""`troth privacy processors WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.processors.register import (
    TEXTS,
    WINDOW_DAYS,
    end_processor,
    find_processor,
    list_processors,
    object_to,
    plain_processor,
    register_processor,
    settle_objection,
    state_of,
)
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List the register of processors, add to it, object, settle, end."""

    help = "The register of processors; --add NAME=VALUE …, --object ID --text TEXT, --settle ID --text TEXT, --end ID."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --add, --in-use, --window, --channel, --webhook, --object, --text, --settle, --end, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--add", nargs="+", metavar="NAME=VALUE", help=", ".join(TEXTS))
        parser.add_argument("--in-use", action="store_true", help="it is used already: effective at once")
        parser.add_argument("--window", type=int, default=WINDOW_DAYS, metavar="DAYS", help="to object in, 30 by itself")
        parser.add_argument("--channel", type=int, action="append", default=[], metavar="ID", help="by which data reaches it")
        parser.add_argument("--webhook", type=int, action="append", default=[], metavar="ID", help="by which data reaches it")
        parser.add_argument("--object", type=int, metavar="ID", help="object to a proposal, with --text")
        parser.add_argument("--text", default="", help="why, or how it was settled")
        parser.add_argument("--settle", type=int, metavar="ID", help="the objection is settled, with --text")
        parser.add_argument("--end", type=int, metavar="ID", help="it is used no more")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act if asked, then list."""
        workspace_id, now = find_workspace(options["workspace"]).pk, now_ms()
        if options["add"]:
            given = {**dict(_read(text) for text in options["add"]), "channels": options["channel"], "webhooks": options["webhook"]}
            register_processor(workspace_id, given, in_use=options["in_use"], window_days=options["window"], now=now)
        if options["object"]:
            object_to(find_processor(workspace_id, options["object"]), options["text"], now=now)
        if options["settle"]:
            settle_objection(find_processor(workspace_id, options["settle"]), options["text"], now=now)
        if options["end"]:
            end_processor(find_processor(workspace_id, options["end"]), now=now)
        if options["json"]:
            self.stdout.write(json.dumps([plain_processor(own, now) for own in list_processors(workspace_id)]))
            return
        for own in list_processors(workspace_id):
            state = state_of(own, now)
            when = f" from {iso(own.effective_at)[:10]}" if state == "proposed" else ""
            self.stdout.write(
                f"{own.pk:4} {state.value:9}{when} {own.name}, {own.location or 'place not said'}, {own.transfer_tool or 'no tool'}"
            )


def _read(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError("--add takes NAME=VALUE.")
    return name, value
