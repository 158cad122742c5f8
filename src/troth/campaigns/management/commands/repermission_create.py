"""`troth repermission create WS`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.repermission import create_repermission
from troth.consent.catalog import SERVICE
from troth.kernel.clock import now_ms
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Draft an asking and print its id; nobody is asked before `troth repermission start`."""

    help = "Draft an asking for consent that is lacking; nobody is asked before it is started."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --purpose, --notice, --ground, --subject, --html."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("--purpose", required=True, help="what consent is asked for")
        parser.add_argument("--notice", required=True, help="the key of a published notice that asks about it")
        parser.add_argument("--ground", default=SERVICE, help="the purpose under which the mail itself may be sent (default: service)")
        parser.add_argument("--subject", required=True)
        parser.add_argument("--html", required=True, metavar="FILE", help="the mail, with a link to {{ ask_url }}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draft it."""
        fields = {name: options[name] for name in ("purpose", "notice", "ground", "subject")}
        html = Path(options["html"]).read_text(encoding="utf-8")
        made = create_repermission(find_workspace(options["workspace"]).pk, {**fields, "html": html}, now=now_ms())
        self.stdout.write(str(made.pk))
