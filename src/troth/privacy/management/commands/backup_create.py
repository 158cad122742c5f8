"""`troth backup create`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.backups.taking import create_backup, describe_backup, path_of


class Command(BaseCommand):
    """Make an encrypted backup while the server goes on."""

    help = "Make an encrypted backup of the embedded database; it expires after 30 days."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and say where it lies."""
        backup = create_backup(now_ms())
        facts = {**describe_backup(backup), "path": str(path_of(backup.name))}
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        self.stdout.write(f"{backup.name}  {backup.bytes:,} bytes, expires {facts['expires_at']}: {facts['path']}")
        self.stdout.write("It opens only with keys/master.key. Keep the key, and a copy of ledger/erasures.ndjson, apart from the backups.")
