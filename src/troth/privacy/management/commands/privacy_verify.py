"""`troth privacy verify FILE`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import django
from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.privacy.certificate import public_key_pem, verify_certificate


class Command(BaseCommand):
    """Check a certificate against this installation's key, or against the public key of another one: then no data directory is needed."""

    help = "Check the signature of a certificate or statement."

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --public-key, --show-key, --json."""
        parser.add_argument("file", metavar="FILE", nargs="?", help="the certificate, JSON")
        parser.add_argument(
            "--public-key", metavar="PEM", help="file with the public key of the installation that signed; without it, this one's"
        )
        parser.add_argument("--show-key", action="store_true", help="print this installation's public key, for others to check with")
        parser.add_argument("--json", action="store_true", help="print the claims")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say whether the certificate is genuine; exit code 1 when it is not."""
        if options["show_key"] or not options["public_key"]:
            django.setup()  # the own key is needed
        if options["show_key"]:
            self.stdout.write(public_key_pem(), ending="")
            return
        if not options["file"]:
            raise CommandError("Name the certificate's FILE, or say --show-key.")
        claims = verify_certificate(_read(options["file"]), _read(options["public_key"]) if options["public_key"] else None)
        if options["json"]:
            self.stdout.write(json.dumps(claims))
            return
        if claims.get("type") == "retention":
            gone = ", ".join(f"{number:,} {name}" for name, number in claims["deleted"].items()) or "nothing"
            self.stdout.write(f"Genuine: retention {claims['run_id']}, deleted {gone}, held {claims['held']:,}.")
            return
        if claims.get("type") == "canary":
            why = f": {'; '.join(claims['reasons'])}" if claims["reasons"] else ""
            self.stdout.write(f"Genuine: proof of erasure {claims['run_id']}, {claims['issued_at']}, {claims['state']}{why}.")
            return
        levels = [level["level"] for level in claims.get("levels", []) if level["reached"]]
        reached = f", reached {', '.join(levels)}" if levels else ""
        self.stdout.write(f"Genuine: {claims.get('type')} {claims.get('request_id')}, {claims.get('state')}{reached}.")


def _read(name: str) -> str:
    """Certificates come as printed by `privacy erase --json` too."""
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Cannot read {name}: {getattr(error, 'strerror', None) or 'it is not text'}.") from None
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    return json.dumps(answer["certificate"]) if isinstance(answer, dict) and isinstance(answer.get("certificate"), dict) else text
