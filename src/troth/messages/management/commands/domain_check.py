"""`troth domain check WORKSPACE DOMAIN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.domains import check_domain, find_named
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Ask the DNS."""

    help = "Ask the DNS for SPF, DKIM, DMARC and MX of a domain; exit 1 if one is not as it should be, with what to do."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, DOMAIN."""
        parser.add_argument("workspace")
        parser.add_argument("domain")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check. Raises CommandError."""
        findings = check_domain(find_named(find_workspace(options["workspace"]).pk, options["domain"]), now_ms())
        for one in findings:
            self.stdout.write(f"{'ok ' if one.fine else 'NO '} {one.what} {one.name}: {one.told}")
        if not all(one.fine for one in findings):
            raise CommandError("Not all records are as they should be.")
