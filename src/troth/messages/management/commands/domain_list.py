"""`troth domain list WORKSPACE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.messages.domains import dkim_record, list_domains
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List sending domains."""

    help = "List the sending domains of a workspace, each with the DKIM record that has to stand in the DNS."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE."""
        parser.add_argument("workspace")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        for row in list_domains(find_workspace(options["workspace"]).pk):
            self.stdout.write(f"{row.domain}\t{'signs' if row.signs else 'does not sign'}\t{row.return_address or '-'}")
            self.stdout.write(f"  {row.selector}._domainkey.{row.domain} TXT {dkim_record(row)}")
