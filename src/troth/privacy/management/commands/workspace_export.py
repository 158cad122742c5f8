"""`troth workspace export WORKSPACE --out FILE [--account]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.leaving.asking import workspaces_of
from troth.privacy.takeaways.writing import write_takeaway
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Write everything of a workspace, or of its account, into one zip."""

    help = "Write everything of a workspace (--account: of all of its account) into one .zip."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, --out, --account."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--out", required=True, metavar="FILE", help="….zip")
        parser.add_argument("--account", action="store_true", help="all workspaces of its account")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, readable by its owner alone."""
        workspace = find_workspace(options["workspace"])
        wanted = workspaces_of(workspace.account) if options["account"] else [workspace]
        path = Path(options["out"])
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            rows = max(write_takeaway(path, [one.pk for one in wanted], now_ms()))
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}. Choose another --out.") from None
        self.stdout.write(
            f"Written: {path} ({rows:,} rows, {path.stat().st_size:,} bytes). It holds personal data: hand it over safely, then remove it."
        )
