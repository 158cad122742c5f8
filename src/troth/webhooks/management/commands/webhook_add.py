"""`troth webhook add WS`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.webhooks.editing import create_webhook
from troth.webhooks.kinds import TYPES
from troth.webhooks.models import Format
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Set a webhook up; prints its id and the secret its deliveries are signed with, which is not shown again."""

    help = "Tell a system of yours what happens: prints the webhook's id and its secret."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --url, --type, --purpose, --format, --name."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("--url", required=True, help="https; http only to this machine")
        parser.add_argument("--type", action="append", required=True, choices=TYPES, dest="types", help="again for each type")
        parser.add_argument("--purpose", required=True, help="why data is handed on")
        parser.add_argument("--format", default=Format.TROTH.value, choices=Format.values)
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it up."""
        row, secret = create_webhook(
            find_workspace(options["workspace"]).pk,
            url=options["url"],
            types=options["types"],
            purpose=options["purpose"],
            name=options["name"],
            form=options["format"],
            now=now_ms(),
        )
        self.stdout.write(f"{row.pk}\n{secret}")
