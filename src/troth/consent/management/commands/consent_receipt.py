"""`troth consent receipt WS IDENTIFIER PURPOSE`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.consent.models import Record
from troth.consent.receipts import make_receipt
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Print the signed receipt of a person's latest decision on a purpose."""

    help = "Print the receipt of a person's latest decision on a purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, PURPOSE."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("purpose", metavar="PURPOSE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        subject = find_person(find_workspace(options["workspace"]).pk, options["identifier"])
        records = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, purpose=options["purpose"])
        latest = records.order_by("-record_id").first()
        if latest is None:
            raise CommandError("The person has decided nothing on this purpose.")
        self.stdout.write(json.dumps(make_receipt(latest, now_ms()), ensure_ascii=False, indent=2))
