"""`troth why stuck [WORKSPACE]`."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.messages.stuck import explain, next_wake
from troth.messages.stuck_facts import gather
from troth.workspaces.registry import find_workspace, list_workspaces


class Command(BaseCommand):
    """Say why mail does not move."""

    help = "Say why mail is not going out, what to do, and when something changes by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, --json."""
        parser.add_argument("workspace", nargs="?", help="its name or id; all where none is given")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """One block for each workspace."""
        name = options["workspace"]
        now = now_ms()
        told = []
        for workspace in [find_workspace(name)] if name else sorted(list_workspaces(), key=lambda one: one.name):
            facts = gather(workspace, now)
            sentences = explain(facts)
            wake = next_wake(facts, sentences)
            told.append(
                {
                    "workspace": workspace.name,
                    "sentences": msgspec.to_builtins(sentences),
                    "next_change": iso(wake) if wake else None,
                }
            )
        self.stdout.write(json.dumps(told, indent=2) if options["json"] else "\n\n".join(map(_in_words, told)))


def _in_words(told: dict[str, Any]) -> str:
    lines = [f"{told['workspace']}:"]
    for sentence in told["sentences"]:
        until = f" (until {iso(sentence['until'])})" if sentence["until"] else ""
        lines.append(f"  {sentence['says']}{until}" + (f"\n    {sentence['remedy']}" if sentence["remedy"] else ""))
    lines.append(f"  The next change by itself: {told['next_change'] or 'none'}.")
    return "\n".join(lines)
