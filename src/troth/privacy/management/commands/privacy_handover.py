"""`troth privacy handover WS IDENTIFIER --to URL --recipient NAME`."""

from __future__ import annotations

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.handovers.handing import hand_over, hand_over_person
from troth.privacy.handovers.targets import Target
from troth.privacy.models.takeaways import HandoverState
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Hand what is held on a person over to another controller directly (Art. 20(2) GDPR)."""

    help = "Hand a person's data over to another controller's address (Art. 20(2)); prints the receipt."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, the recipient and the target."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--recipient", required=True, metavar="NAME", help="who gets it")
        parser.add_argument("--to", required=True, metavar="URL", help="an https address")
        parser.add_argument(
            "--method",
            choices=("put", "post", "s3"),
            default="put",
            help="s3: --to is the object's address; keys from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION",
        )
        parser.add_argument("--all", action="store_true", help="everything held (Art. 15), not only what they provided")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try once now; where it fails for a time, the worker goes on. `TROTH_AUTHORIZATION` is sent as Authorization."""
        workspace = find_workspace(options["workspace"])
        target = Target(
            method=options["method"],
            url=options["to"],
            authorization=os.environ.get("TROTH_AUTHORIZATION", ""),
            access_key=os.environ.get("AWS_ACCESS_KEY_ID", ""),
            secret_key=os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
            region=os.environ.get("AWS_REGION", "us-east-1"),
        )
        subject = find_person(workspace.pk, options["identifier"])
        made = hand_over_person(
            subject, target, portable=not options["all"], recipient=options["recipient"], by="operator", source="cli", now=now_ms()
        )
        made = hand_over(made, now_ms())
        if made.state == HandoverState.DONE:
            self.stdout.write(json.dumps(json.loads(made.receipt), indent=2))
        elif made.state == HandoverState.FAILED:
            raise CommandError(f"The recipient did not take it ({made.trouble}, {made.status}): check the address and try again.")
        else:
            self.stdout.write(f"Not taken yet ({made.trouble}, {made.status}): the worker tries on for three days.")
