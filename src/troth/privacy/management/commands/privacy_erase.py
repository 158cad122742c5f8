"""`troth privacy erase WS IDENTIFIER [--wait]`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.kernel.sql import is_sqlite
from troth.privacy.compaction.running import compact_now
from troth.privacy.erasure.erasing import erase_identifier
from troth.privacy.management.commands._progress import show_progress
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.searching.verification import LEASE, verify_erasure
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Erase everybody an identifier leads to (Art. 17 GDPR), and print the certificate."""

    help = "Erase a person; --wait until a search of every byte kept finds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, --wait, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument(
            "--wait",
            action="store_true",
            help="search every byte now (PostgreSQL: after compacting it), instead of leaving it to the worker",
        )
        parser.add_argument("--json", action="store_true", help="print {request_id, state, certificate}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, search if asked to, and print what was reached; exit code 1 when residue was found."""
        workspace = find_workspace(options["workspace"])
        now = now_ms()
        search_at = now + LEASE if options["wait"] else None
        request = erase_identifier(workspace.pk, options["identifier"], now=now, source="cli", search_at=search_at)
        if options["wait"]:
            if not is_sqlite():
                compact_now(now_ms(), told=lambda step: self.stderr.write(f"Compacting: {step}"))
                request.refresh_from_db()
            with show_progress("Searching every byte kept") as progress:
                request = verify_erasure(request, progress=progress)
        certificate = json.loads(request.certificate)
        if options["json"]:
            self.stdout.write(json.dumps({"request_id": str(request.pk), "state": request.state, "certificate": certificate}))
        else:
            self._print(request, certificate)
        if request.state == RequestState.RESIDUE_FOUND:
            raise CommandError(
                "Something is left, or could not be read: see `search` in the certificate. The worker searches again by itself."
            )

    def _print(self, request: PrivacyRequest, certificate: dict[str, Any]) -> None:
        self.stdout.write(f"Request {request.pk}: {request.state}")
        for level in certificate["claims"]["levels"]:
            self.stdout.write(
                f"  {level['level']} {'reached' if level['reached'] else 'not reached':11} {level['name']}: {level['detail']}"
            )
        for place in certificate["claims"].get("search", {}).get("found_in", []):
            self.stdout.write(f"  found in {place['file']} ({place['encoding']}, {place['count']} times)")
        self.stdout.write(f"The certificate: troth privacy requests --certificate {request.pk}")
