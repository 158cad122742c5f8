"""`troth privacy open WS IDENTIFIER TYPE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from troth.kernel.clock import now_ms
from troth.people.identifiers import EXTERNAL_ID
from troth.people.lookup import find_people, find_person
from troth.privacy.desk.cases import open_request
from troth.privacy.desk.identity import Means
from troth.privacy.desk.requesters import take_request
from troth.privacy.history import By
from troth.privacy.models import RequestType
from troth.privacy.seats import day_at
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Take a request of a person, whatever way it came; its term runs from when it was received."""

    help = "Open a privacy request of a person; its term runs from when it was received."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, TYPE, --received, --language, --words, --purpose, --identity."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("type", metavar="TYPE", choices=RequestType.values, help=", ".join(RequestType.values))
        parser.add_argument("--received", metavar="TIME", help="when it came (RFC 3339), if that was before now")
        parser.add_argument("--language", default="", metavar="CODE", help="in which the person is answered")
        parser.add_argument("--words", default="", metavar="TEXT", help="what the person said; erased with them")
        parser.add_argument(
            "--address", metavar="EMAIL", help="take it even if nobody is found, and answer there that nothing is; '' for none"
        )
        parser.add_argument(
            "--purpose",
            action="append",
            dest="purposes",
            metavar="KEY",
            help="of an objection: what it is about (several: repeat it); it stands still until decided, else all that one can object to",
        )
        parser.add_argument("--identity", default="", choices=[Means.LOGIN, Means.MANDATE], help="where it is known who asks")

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it, and print its id and term."""
        workspace = find_workspace(options["workspace"])
        if options["address"] is not None and not find_people(workspace.pk, options["identifier"]):
            request = take_request(
                workspace.pk,
                RequestType(options["type"]),
                told={EXTERNAL_ID: options["identifier"]},
                address=options["address"],
                by=By("cli"),
                now=now_ms(),
                received_at=_read_time(options["received"]),
                language=options["language"],
                words=options["words"],
                purposes=options["purposes"],
            )
            on_file = "" if request.person_id else "; nobody on file was found"
            self.stdout.write(f"Request {request.pk}: {request.state}, answer due {day_at(request.seat, request.due_at)}{on_file}")
            return
        request = open_request(
            find_person(workspace.pk, options["identifier"]),
            RequestType(options["type"]),
            by=By("cli"),
            now=now_ms(),
            received_at=_read_time(options["received"]),
            language=options["language"],
            words=options["words"],
            means=options["identity"],
            purposes=options["purposes"],
        )
        self.stdout.write(f"Request {request.pk}: {request.state}, answer due {day_at(request.seat, request.due_at)}")


def _read_time(text: str | None) -> int | None:
    if not text:
        return None
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise CommandError("--received is a time with its zone, e.g. 2026-03-01T12:00:00Z.")
    return int(moment.timestamp() * 1000)
