"""`troth consent verify RECEIPT`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.consent.verifying import ReceiptInvalid, read_public_key, verify_receipt


class Command(BaseCommand):
    """Verify a receipt of consent with the public key alone: no database, no network, no data directory. Exit code 1 when something does not fit."""

    help = "Verify a receipt of consent offline, with nothing but the public key."

    def add_arguments(self, parser: CommandParser) -> None:
        """RECEIPT, --key."""
        parser.add_argument("receipt", metavar="RECEIPT", help="the receipt, a JSON file")
        parser.add_argument("--key", required=True, metavar="PEM", help="the public key, as published at /ledger/key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify it."""
        try:
            receipt = msgspec.json.decode(Path(options["receipt"]).read_bytes(), type=dict[str, Any])
            found = verify_receipt(receipt, read_public_key(Path(options["key"]).read_bytes()))
        except OSError as error:
            raise CommandError(f"{error.filename}: cannot be read: check the path.") from None
        except msgspec.DecodeError:
            raise CommandError("The receipt is no JSON: give the file exactly as it was given to the person.") from None
        except ReceiptInvalid as error:
            raise CommandError(str(error)) from None
        place = (
            f"It is entry {found.leaf} of the ledger of {found.head.size} entries, signed {found.head.at}."
            if found.head
            else "It is not in the ledger yet."
        )
        self.stdout.write(f"Genuine: record {found.record_id}. {place}")
