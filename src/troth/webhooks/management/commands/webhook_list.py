"""`troth webhook list WS`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.webhooks.editing import list_webhooks
from troth.webhooks.waiting import count_by_state
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List the webhooks of a workspace: what each is told of, how its address answers, what waits and what could not be told."""

    help = "List the webhooks of a workspace, with what waits and what could not be told."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them; an address may hold a secret in its path, so only its host is shown but with --json."""
        rows = [
            {
                "id": row.pk,
                "name": row.name,
                "url": row.url,
                "types": row.types,
                "purpose": row.purpose,
                "format": row.format,
                "state": row.state,
                "failures": row.health.failures,
                "status": row.health.status,
                **count_by_state(row),
            }
            for row in list_webhooks(find_workspace(options["workspace"]).pk)
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            told = f"{row['delivered']:,} told, {row['waiting']:,} waiting, {row['dead']:,} dead"
            self.stdout.write(f"{row['id']}  {row['state']:6} {row['name']} ({row['format']}, for {row['purpose']}): {told}")
