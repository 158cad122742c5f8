"""`troth backup restore NAME`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.backups.restore import restore_backup
from troth.privacy.backups.taking import describe_backup


class Command(BaseCommand):
    """Replace the database by a backup and make it forget again whoever was erased since."""

    help = "Replace the database by a backup, then replay the erasure ledger; stop the server first."

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME, --json."""
        parser.add_argument("name", metavar="NAME", help="as `troth backup list` shows it")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore it and say how many erasures were replayed."""
        backup, replayed = restore_backup(options["name"])
        if options["json"]:
            self.stdout.write(json.dumps({**describe_backup(backup), "erasures_replayed": replayed}))
            return
        self.stdout.write(f"Restored {backup.name}; erasures replayed: {replayed}.")
