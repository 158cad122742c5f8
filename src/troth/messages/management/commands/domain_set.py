"""`troth domain set WORKSPACE DOMAIN`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.messages.domains import find_named, remove_domain, set_up_domain
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """What is done to the mail of a domain."""

    help = "Switch signing of a domain on or off, say where its mail comes back to, or remove the domain with its key."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, DOMAIN, --sign, --return-address, --remove."""
        parser.add_argument("workspace")
        parser.add_argument("domain")
        parser.add_argument("--sign", choices=("on", "off"))
        parser.add_argument("--return-address", metavar="ADDRESS", help="such as bounces@acme.example; empty: to the sender")
        parser.add_argument("--remove", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it up; what is not named stays."""
        row = find_named(find_workspace(options["workspace"]).pk, options["domain"])
        if options["remove"]:
            remove_domain(row)
            self.stdout.write("Removed, and its key with it.")
            return
        signs = row.signs if options["sign"] is None else options["sign"] == "on"
        address = row.return_address if options["return_address"] is None else options["return_address"]
        set_up_domain(row, signs=signs, return_address=address)
        self.stdout.write(
            f"{row.domain} {'signs' if row.signs else 'does not sign'}; mail comes back to {row.return_address or 'its sender'}."
        )
