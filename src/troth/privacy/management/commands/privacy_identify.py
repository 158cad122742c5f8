"""`troth privacy identify REQUEST`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.desk import cases
from troth.privacy.desk.cases import identify
from troth.privacy.desk.checking import check_code, check_values
from troth.privacy.desk.identity import Means
from troth.privacy.desk.requesters import look_again
from troth.privacy.desk.telling import mail_code
from troth.privacy.history import By
from troth.privacy.management.commands._request import find_any


class Command(BaseCommand):
    """Make sure who is asking (Art. 12(6)): mail a code, check the one told back, or compare values with what is on file."""

    help = "Check who is asking: --send-code mails one, --code and --value check, --means says how it is known."

    def add_arguments(self, parser: CommandParser) -> None:
        """REQUEST and one way."""
        parser.add_argument("request", metavar="REQUEST", help="id of a request")
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--send-code", action="store_true", help="mail a code to the address on file")
        way.add_argument("--code", help="the code that the person tells")
        way.add_argument(
            "--value", action="append", metavar="KIND=VALUE", help="what the person tells, e.g. phone=+49…; two kinds are stronger"
        )
        way.add_argument("--means", choices=[Means.LOGIN, Means.MANDATE], help="your product knows, or you read a mandate")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and print by what means the person is known."""
        request, by, now = find_any(options["request"]), By("cli"), now_ms()
        if cases.is_unknown(request) and options["value"]:
            found = look_again(request, dict(_split(one) for one in options["value"]), by=by, now=now)
            self.stdout.write(f"Request {request.pk}: {'somebody on file was found: now check who asks' if found else 'nobody was found'}")
            return
        if options["send_code"]:
            mail_code(request, by=by, now=now)
            self.stdout.write("A code was mailed to the address on file; it holds for an hour.")
            return
        if options["code"]:
            check_code(request, options["code"], by=by, now=now)
        elif options["value"]:
            check_values(request, dict(_split(one) for one in options["value"]), by=by, now=now)
        else:
            identify(request, Means(options["means"]), by=by, now=now)
        self.stdout.write(f"Request {request.pk}: {request.state}, known by {request.identity}")


def _split(text: str) -> tuple[str, str]:
    kind, sign, value = text.partition("=")
    if not (kind and sign and value):
        raise CommandError("--value is KIND=VALUE, e.g. phone=+4930123456.")
    return kind, value
