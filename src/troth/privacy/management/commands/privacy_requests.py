"""`troth privacy requests [WS]`."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.erasure import confirm_request
from troth.privacy.models import PrivacyRequest, RequestState
from troth.workspaces.registry import find_workspace

OPEN = (RequestState.RECEIVED, RequestState.AWAITING_CONFIRMATION, RequestState.DELETED, RequestState.RESIDUE_FOUND)


class Command(BaseCommand):
    """List privacy requests, print a certificate, or confirm a deletion that waits for it."""

    help = "List privacy requests; --certificate ID prints one, --confirm ID carries out a waiting deletion."

    def add_arguments(self, parser: CommandParser) -> None:
        """[WS], --open, --certificate, --confirm, --json."""
        parser.add_argument("workspace", metavar="WS", nargs="?", help="id or name of a workspace; without it all")
        parser.add_argument("--open", action="store_true", help="only those that are not yet finished")
        parser.add_argument("--certificate", metavar="ID", help="print the certificate of one request")
        parser.add_argument("--confirm", metavar="ID", help="carry out a deletion that awaits confirmation")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, the latest first."""
        if options["certificate"]:
            self.stdout.write(_find(options["certificate"]).certificate or "{}", ending="")
            return
        if options["confirm"]:
            request = confirm_request(_find(options["confirm"]), now=now_ms())
            self.stdout.write(f"Request {request.pk}: {request.state}")
            return
        found = PrivacyRequest.objects.order_by("-received_at")
        if options["workspace"]:
            found = found.filter(workspace_id=find_workspace(options["workspace"]).pk)
        if options["open"]:
            found = found.filter(state__in=OPEN)
        rows = [_describe(request) for request in found[:1_000]]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            late = "  OVERDUE" if row["overdue"] else ""
            self.stdout.write(
                f"{row['request_id']}  {row['type']:12} {row['state']:22} due {str(row['due_at'])[:10]}  {row['source']}{late}"
            )


def _find(text: str) -> PrivacyRequest:
    try:
        return PrivacyRequest.objects.get(pk=uuid.UUID(text))
    except (ValueError, PrivacyRequest.DoesNotExist):
        raise CommandError("There is no such request: `troth privacy requests` shows them.") from None


def _describe(request: PrivacyRequest) -> dict[str, Any]:
    return {
        "request_id": str(request.pk),
        "workspace_id": request.workspace_id,
        "type": request.type,
        "state": request.state,
        "source": request.source,
        "received_at": iso(request.received_at),
        "due_at": iso(request.due_at),
        "closed_at": None if request.closed_at is None else iso(request.closed_at),
        "overdue": request.state in OPEN and request.due_at < now_ms(),
    }
