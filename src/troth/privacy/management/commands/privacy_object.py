"""`troth privacy object WS IDENTIFIER [--purpose P …]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.requests import object_for_person
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Record that a person objects to direct marketing, or to purposes (Art. 21 GDPR); it counts at once."""

    help = "Record that a person objects to direct marketing, or to a --purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, --purpose, --evidence."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument(
            "--purpose",
            action="append",
            dest="purposes",
            metavar="P",
            help="the key of a purpose, may be given again; without it direct marketing",
        )
        parser.add_argument("--evidence", default="", metavar="TEXT", help="how the person said it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Record it, and print the request."""
        workspace = find_workspace(options["workspace"])
        subject = find_person(workspace.pk, options["identifier"])
        evidence = {"note": options["evidence"]} if options["evidence"] else None
        request = object_for_person(subject, purposes=options["purposes"], source="cli", now=now_ms(), evidence=evidence)
        self.stdout.write(f"Request {request.pk}: person {subject.person_id} objects to {', '.join(request.steps['purposes'])}.")
