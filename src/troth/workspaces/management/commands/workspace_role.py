"""`troth workspace role WS --processes-for NAME`."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.workspaces.registry import find_workspace, set_controller


class Command(BaseCommand):
    """Say who decides what becomes of a workspace's data."""

    help = "Show or set whether a workspace's account decides itself (controller), or processes for another."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --processes-for, --controller, --contact, --language."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--processes-for", metavar="NAME", help="the controller, who decides persons' requests (Art. 28)")
        chosen.add_argument("--controller", action="store_true", help="the workspace's own account decides")
        parser.add_argument("--language", choices=["en", "de", "fr", "es"], help="in which the controller is written to; English by itself")
        parser.add_argument("--contact", metavar="EMAIL", help="of the controller: what persons ask of you is passed on to it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set what was given, and print it."""
        workspace = find_workspace(options["workspace"])
        name, contact, language = options["processes_for"], options["contact"], options["language"]
        if options["controller"] or any(given is not None for given in (name, contact, language)):
            kept = workspace.processes_for if name is None and not options["controller"] else name or ""
            try:
                set_controller(workspace, kept, contact, language)
            except ValidationError as error:
                raise CommandError(f"--contact: {' '.join(error.messages)}") from None
        reached = f" and is reached at {workspace.controller_contact}" if workspace.controller_contact else ""
        told = f"processes for {workspace.processes_for}, who decides{reached}" if workspace.processes_for else "is the controller"
        self.stdout.write(f"{workspace.name} {told}.")
