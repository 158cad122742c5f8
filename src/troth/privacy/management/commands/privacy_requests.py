"""`troth privacy requests [WS]`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.desk.cases import acts_of, clock_of
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.listing import is_unanswered
from troth.privacy.erasure.erasing import confirm_request
from troth.privacy.history import read_history, read_words
from troth.privacy.management.commands._request import find_any
from troth.privacy.models import PrivacyRequest
from troth.privacy.seats import day_at
from troth.privacy.states import OPEN
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List privacy requests, print a certificate, or confirm a deletion that waits for it."""

    help = "List privacy requests; --certificate ID prints one, --confirm ID carries out a waiting deletion."

    def add_arguments(self, parser: CommandParser) -> None:
        """[WS], --open, --certificate, --confirm, --json."""
        parser.add_argument("workspace", metavar="WS", nargs="?", help="id or name of a workspace; without it all")
        parser.add_argument("--open", action="store_true", help="only those that are not yet finished")
        parser.add_argument("--certificate", metavar="ID", help="print the certificate of one request")
        parser.add_argument("--confirm", metavar="ID", help="carry out a deletion that awaits confirmation")
        parser.add_argument("--show", metavar="ID", help="one request with its clock and its history")
        parser.add_argument("--evidence", metavar="ID", help="print what proves how one request was answered, signed")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, the latest first."""
        if options["certificate"]:
            self.stdout.write(find_any(options["certificate"]).certificate or "{}", ending="")
            return
        if options["confirm"]:
            request = confirm_request(find_any(options["confirm"]), now=now_ms())
            self.stdout.write(f"Request {request.pk}: {request.state}")
            return
        if options["evidence"]:
            self.stdout.write(make_evidence(find_any(options["evidence"]), now_ms()), ending="")
            return
        if options["show"]:
            self._show(find_any(options["show"]))
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
            self.stdout.write(f"{row['request_id']}  {row['type']:12} {row['state']:22} due {row['due_on']}  {row['source']}{late}")

    def _show(self, request: PrivacyRequest) -> None:
        clock, words = clock_of(request, now_ms()), read_words(request)
        standing = "stands still" if clock.is_paused else "extended" if clock.is_extended else "runs"
        self.stdout.write(f"{request.type}, {request.state}; known by {request.identity or 'nothing yet'}")
        due, first = day_at(request.seat, clock.due_at), day_at(request.seat, clock.first_due_at)
        self.stdout.write(f"due {due} ({standing}); an extension can be told until {first}")
        self.stdout.write(f"possible: {', '.join(acts_of(request)) or 'nothing more'}")
        for one in read_history(request):
            said = f": {' '.join(words[one.id].text.split())}" if one.id in words else ""
            self.stdout.write(f"  {iso(one.at)}  {one.act:18} by {one.door}{f' ({one.role})' if one.role else ''} → {one.state}{said}")


def _describe(request: PrivacyRequest) -> dict[str, Any]:
    return {
        "request_id": str(request.pk),
        "workspace_id": request.workspace_id,
        "type": request.type,
        "state": request.state,
        "source": request.source,
        "received_at": iso(request.received_at),
        "due_at": iso(request.due_at),
        "due_on": day_at(request.seat, request.due_at).isoformat(),
        "closed_at": None if request.closed_at is None else iso(request.closed_at),
        "overdue": is_unanswered(request) and clock_of(request, now_ms()).is_overdue,
    }
