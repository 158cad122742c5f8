"""`troth backup keyring [--copy FILE]`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso
from troth.privacy.backups.taking import list_backups
from troth.privacy.storage.keyring import copy_ring, list_keys
from troth.privacy.storage.ledger_file import last_number


class Command(BaseCommand):
    """Show the keys of the backups, or copy the key ring to a safe place."""

    help = "Show the keys of the backups; --copy FILE copies the key ring."

    def add_arguments(self, parser: CommandParser) -> None:
        """--copy, --json."""
        parser.add_argument("--copy", metavar="FILE", help="a new file; keep the newest copy alone, apart from the backups")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy if asked to, then list: since when each key is used, when nothing new goes under it, what lies under it."""
        if options["copy"]:
            try:
                copy_ring(Path(options["copy"]))
            except FileExistsError:
                raise CommandError(f"{options['copy']} exists: name a new file, and remove the older copies of the key ring.") from None
        last, under = last_number(), Counter(backup.key for backup in list_backups())
        rows = [
            {
                "key": key.kid,
                "made_at": iso(key.made_at),
                "ends_at": iso(key.ends_at),
                "backups": under[key.kid],
                "destroyed_by": iso(key.ends_at) if key.is_stale(last) else None,
            }
            for key in list_keys()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            fate = (
                f"destroyed by {row['destroyed_by']}: somebody in them was erased" if row["destroyed_by"] else "nobody in them was erased"
            )
            self.stdout.write(f"{row['key']}  since {row['made_at']}  {row['backups']:3} backups  {fate}")
        if options["copy"]:
            self.stdout.write("Copied. An older copy keeps erased persons readable in older backups: remove it.")
