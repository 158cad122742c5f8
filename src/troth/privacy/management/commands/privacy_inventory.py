"""`troth privacy inventory WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.inventory.drift import Drift, find_drift, note_drift
from troth.privacy.inventory.reading import Item, correct_category, plain_item, read_inventory
from troth.privacy.inventory.storing import count_all
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Print what is stored under which names, where that parts from what was declared, or correct a category."""

    help = "The data inventory of a workspace: what is stored under which names, without values; --drift what was not declared."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --count, --drift, --correct, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--count", action="store_true", help="count attributes, and events from before, at once")
        parser.add_argument("--drift", action="store_true", help="what is stored or handed on but not declared; exit 1 if it is an alarm")
        parser.add_argument(
            "--correct", nargs=4, metavar=("KIND", "EVENT", "NAME", "CATEGORY"), help="keep a category; '' where there is no event or name"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it, one item a line."""
        workspace_id = find_workspace(options["workspace"]).pk
        if options["count"]:
            count_all(now_ms())
        if options["correct"]:
            kind, event, name, category = options["correct"]
            correct_category(workspace_id, kind, event, name, category, now=now_ms())
        if options["drift"]:
            self._tell_drift(workspace_id, as_json=options["json"])
            return
        items = read_inventory(workspace_id)
        if options["json"]:
            self.stdout.write(json.dumps([plain_item(item) for item in items]))
            return
        for item in items:
            used = f"used by {len(item.used_by)}" if item.used_by else "unused"
            shape = next(iter(item.shapes), "")
            self.stdout.write(
                f"{item.kind:9} {item.title:40} {item.count:>10,}  {'/'.join(item.types):14} {shape:16} {item.category:12} {item.purpose}  {used}"
            )

    def _tell_drift(self, workspace_id: int, *, as_json: bool) -> None:
        drift = find_drift(workspace_id)
        note_drift(workspace_id, drift, now_ms())
        if as_json:
            self.stdout.write(json.dumps(_plain_drift(drift)))
        else:
            for line in _lines(drift):
                self.stdout.write(line)
        if drift.alarms:
            raise SystemExit(1)


def _lines(drift: Drift) -> list[str]:
    lines = [f"special category, purpose not declared for it  {_tell(item)}" for item in drift.sensitive]
    lines += [f"category not declared by its purpose           {_tell(item)}" for item in drift.undeclared]
    lines += [f"no purpose names it                            {_tell(item)}" for item in drift.unassigned]
    lines += [f"recipient that no purpose names                {one.kind} {one.id} {one.name}" for one in drift.unregistered]
    return lines or ["What is stored is what was declared."]


def _tell(item: Item) -> str:
    return f"{item.kind} {item.title} ({item.category}, {item.purpose})"


def _plain_drift(drift: Drift) -> dict[str, Any]:
    return {
        "alarms": drift.alarms,
        **{name: [plain_item(item) for item in getattr(drift, name)] for name in ("unassigned", "undeclared", "sensitive")},
        "unregistered": [{"kind": one.kind, "id": one.id, "name": one.name} for one in drift.unregistered],
    }
