"""`troth channel add WORKSPACE ADAPTER --set NAME=VALUE …`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.messages.channels import find_adapter
from troth.messages.configured import add_channel, public_facts
from troth.messages.hooks import hook_url
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Take a channel into use."""

    help = "Add a channel to a workspace; prints the address at which its provider tells what becomes of messages."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, ADAPTER, --set, --label, --priority."""
        parser.add_argument("workspace")
        parser.add_argument("adapter", help="see `troth channel list --adapters`")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a setting; @FILE as value reads it from a file, so that a secret stands in no history",
        )
        parser.add_argument("--label", default="")
        parser.add_argument("--priority", type=int, default=10, help="the lowest of a medium is tried first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add it."""
        given = dict(_read(text) for text in options["set"])
        row = add_channel(
            find_workspace(options["workspace"]).pk,
            options["adapter"],
            given,
            label=options["label"],
            priority=options["priority"],
            now=now_ms(),
        )
        self.stdout.write(f"Channel {row.pk}, {row.label}, is in use.")
        for name, value in public_facts(row).items():
            self.stdout.write(f"{name}: {value}")
        if find_adapter(row.adapter).parse_feedback:
            self.stdout.write(f"Enter this secret address at the provider as webhook: {hook_url(row)}")


def _read(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError("--set takes NAME=VALUE.")
    return name, Path(value[1:]).read_text().strip() if value.startswith("@") else value
