"""`troth channel list WORKSPACE`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.messages.channels import list_adapters
from troth.messages.configured import list_channels
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """The channels of a workspace, in the order in which they are tried; or what can be added."""

    help = "List the channels of a workspace, or with --adapters what can be added."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, --adapters, --json."""
        parser.add_argument("workspace", nargs="?", default="")
        parser.add_argument("--adapters", action="store_true", help="providers that can be chosen, with their settings; * marks secrets")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        if options["adapters"] or not options["workspace"]:
            for adapter in list_adapters():
                names = ", ".join(f"{s.name}{'*' if s.secret else ''}{'' if s.required else '?'}" for s in adapter.settings)
                self.stdout.write(f"{adapter.name:14} {adapter.medium.value:8} {adapter.title}: {names or 'nothing to set'}")
            return
        rows = list_channels(find_workspace(options["workspace"]).pk)
        if options["json"]:
            shown = [
                {
                    "id": row.pk,
                    "adapter": row.adapter,
                    "medium": row.medium,
                    "label": row.label,
                    "priority": row.priority,
                    "is_active": row.is_active,
                }
                for row in rows
            ]
            self.stdout.write(json.dumps(shown))
            return
        for row in rows:
            self.stdout.write(
                f"{row.pk:4}  {row.medium:8} {row.priority:3}  {row.adapter:14} {row.label}{'' if row.is_active else ' (not in use)'}"
            )
        if not rows:
            self.stdout.write("No channels of its own: e-mail leaves by the installation's, see TROTH_EMAIL_URL.")
