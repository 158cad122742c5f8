"""`troth privacy restrict WS IDENTIFIER --reason TEXT [--lift]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.requests import restrict_person
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Restrict the processing of a person's data (Art. 18 GDPR), or lift the restriction."""

    help = "Restrict what is done with a person's data to keeping it; --lift ends that."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, --reason, --lift, --told."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; kept with the person's records")
        parser.add_argument("--lift", action="store_true", help="lift the restriction; needs --told")
        parser.add_argument("--told", action="store_true", help="the person was informed before (Art. 18(3)); Troth does not inform them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restrict or lift, and print the request."""
        workspace = find_workspace(options["workspace"])
        subject = find_person(workspace.pk, options["identifier"])
        request = restrict_person(subject, lift=options["lift"], source="cli", reason=options["reason"], now=now_ms(), told=options["told"])
        self.stdout.write(f"Request {request.pk}: person {subject.person_id}, {request.steps['processing']}.")
