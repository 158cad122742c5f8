"""`troth backup renew`."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.backups.renewing import renew_backups, tell_requests


class Command(BaseCommand):
    """Rewrite backups without whoever was erased since, and destroy their old keys; the worker does it by itself at the end of each epoch."""

    help = "Rewrite backups without erased persons, and destroy their keys; --now: those of this week too."

    def add_arguments(self, parser: CommandParser) -> None:
        """--now, --json."""
        parser.add_argument("--now", action="store_true", help="do not wait for the end of the epoch (a week)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Renew and say what was done."""
        now = now_ms()
        done = renew_backups(now, at_once=options["now"], told=self._tell)
        told = tell_requests(now)
        if options["json"]:
            self.stdout.write(json.dumps({**msgspec.to_builtins(done), "certificates_renewed": told}))
            return
        self.stdout.write(f"Renewed {len(done.renewed)} backups, destroyed {done.keys_destroyed} keys; {told} certificates say so.")
        for name in done.dropped:
            self.stdout.write(f"Removed {name}: it was damaged, and nobody could restore it.")
        if done.renewed:
            self.stdout.write("Copy the renewed backups and the key ring to where you keep them: older copies cannot be opened any more.")

    def _tell(self, number: int, total: int) -> None:
        print(f"Renewing backups: {number} of {total}", file=sys.stderr)
