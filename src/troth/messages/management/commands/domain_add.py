"""`troth domain add WORKSPACE DOMAIN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.domains import add_domain, dkim_record
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Take a sending domain in."""

    help = "Take a sending domain in and print the DKIM record to create; nothing is signed before `troth domain set --sign on`."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, DOMAIN."""
        parser.add_argument("workspace")
        parser.add_argument("domain", help="such as acme.example")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add it."""
        row = add_domain(find_workspace(options["workspace"]).pk, options["domain"], now_ms())
        self.stdout.write(f"{row.selector}._domainkey.{row.domain} TXT {dkim_record(row)}")
