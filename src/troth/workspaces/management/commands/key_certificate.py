"""`troth key certificate WS KEY`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from troth.kernel.clock import now_ms
from troth.workspaces.audit import record_access
from troth.workspaces.client_certificates import bind_certificate, find_key
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Have a client certificate stand for a key at OpenDSR (mTLS)."""

    help = "Show, set (--file) or remove (--remove) the client certificate that stands for a key at OpenDSR."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, KEY, --file, --remove."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("key", metavar="KEY", help="the characters that it begins with, as Settings, Keys shows them")
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--file", metavar="FILE", help="the certificate (PEM)")
        chosen.add_argument("--remove", action="store_true", help="the key's text alone is enough again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set what was given, and print it."""
        workspace = find_workspace(options["workspace"])
        key = find_key(workspace.pk, options["key"])
        digest = key.certificate
        if options["file"] or options["remove"]:
            digest = self._bind(key, options["file"])
        self.stdout.write(f"SHA-256 {digest}" if digest else "No certificate: the key's text opens OpenDSR.")

    def _bind(self, key: Any, file: str | None) -> str:
        try:
            pem = Path(file).read_bytes() if file else b""
        except OSError as error:
            raise CommandError(f"--file: {error.strerror}") from None
        with transaction.atomic():
            digest = bind_certificate(key, pem)
            detail = {"key": key.pk, "sha256": digest}
            record_access(key.workspace_id, user_id=0, role="operator", action="key.bound", at=now_ms(), detail=detail)
        return digest
