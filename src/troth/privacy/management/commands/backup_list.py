"""`troth backup list`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.backups.taking import describe_backup, list_backups


class Command(BaseCommand):
    """List the backups, the oldest first."""

    help = "List backups with their expiry."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print name, size and expiry of each."""
        rows = [describe_backup(backup) for backup in list_backups()]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['name']}  {row['bytes']:>15,} bytes  expires {row['expires_at']}")
