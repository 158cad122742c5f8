"""`troth consent receipt WS IDENTIFIER PURPOSE`."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.consent.models import Record
from troth.consent.receipt_page.build import build_page
from troth.consent.receipts import make_receipt
from troth.kernel.clock import now_ms
from troth.kernel.crypto import public_key_pem
from troth.people.lookup import find_person
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Print the signed receipt of a person's latest decision on a purpose, as JSON-LD or as an HTML file that verifies it without a network."""

    help = "Print the receipt of a person's latest decision on a purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, PURPOSE, --html."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("purpose", metavar="PURPOSE")
        parser.add_argument("--html", action="store_true", help="an HTML file that a person opens to see and verify it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        subject = find_person(find_workspace(options["workspace"]).pk, options["identifier"])
        records = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, purpose=options["purpose"])
        latest = records.order_by("-record_id").first()
        if latest is None:
            raise CommandError("The person has decided nothing on this purpose.")
        receipt = make_receipt(latest, now_ms())
        self.stdout.write(
            build_page(receipt, public_key_pem(), settings.TROTH_URL)
            if options["html"]
            else json.dumps(receipt, ensure_ascii=False, indent=2)
        )
