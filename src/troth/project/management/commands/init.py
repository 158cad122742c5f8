"""`troth init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from troth.kernel.crypto import create_master_key


class Command(BaseCommand):
    """Create the data directory and the master key, and bring the database up to date. Safe to repeat."""

    help = "Create the data directory, the master key and the tables; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        data = Path(os.environ.get("TROTH_DATA") or "troth-data").resolve()
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_master_key(data)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"Ready: {data}")
        self.stdout.write("Keep keys/master.key safe and apart from backups: without it nothing can be read again.")
