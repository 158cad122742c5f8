"""`troth workspace create NAME`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.workspaces.registry import create_workspace


class Command(BaseCommand):
    """Create a workspace and print its keys, which are shown only this once."""

    help = "Create a workspace and its keys."

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME, --owner, --json."""
        parser.add_argument("name")
        parser.add_argument("--owner", metavar="EMAIL", help="e-mail of the user who owns it, created if need be")
        parser.add_argument("--password", help="password of a newly created owner; without it set one with `troth user password`")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it and print id, name and keys."""
        made = create_workspace(options["name"], owner=options["owner"], password=options["password"])
        facts = {"id": made.workspace.pk, "name": made.workspace.name, **made.keys}
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            self.stdout.write(f"{name:18} {value}")
