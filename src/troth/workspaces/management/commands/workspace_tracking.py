"""`troth workspace tracking WORKSPACE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.workspaces.measuring import SWITCHES, set_measuring
from troth.workspaces.registry import find_workspace

OPTIONS = {
    "--opens": ("measures_opens", "note who opens mail, of those who agreed"),
    "--clicks": ("measures_clicks", "note who follows which link, of those who agreed"),
    "--counts": ("counts_opens", "count the opens of all others, without persons"),
}


class Command(BaseCommand):
    """Choose what is measured of a workspace's mail, or show it."""

    help = "Choose what is measured of a workspace's mail; without options, show it. Nobody is measured who did not agree."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, --opens, --clicks, --counts."""
        parser.add_argument("workspace")
        for option, (name, says) in OPTIONS.items():
            parser.add_argument(option, choices=("on", "off"), dest=name, help=says)

    def handle(self, *args: Any, **options: Any) -> None:
        """Change it and say what holds now."""
        workspace = find_workspace(options["workspace"])
        set_measuring(workspace, {name: options[name] == "on" for name in SWITCHES if options[name]})
        for option, (name, says) in OPTIONS.items():
            self.stdout.write(f"{option.removeprefix('--'):8}{'on ' if getattr(workspace, name) else 'off'}  {says}")
