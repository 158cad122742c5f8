"""`troth privacy step REQUEST STEP`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.desk.carrying_out import Details, Ground
from troth.privacy.desk.steps import How, Said, Step, draft_kind, take_step
from troth.privacy.desk.telling import draft
from troth.privacy.history import By
from troth.privacy.management.commands._request import find_any


class Command(BaseCommand):
    """Take a step of a privacy request; with --draft print the mail that it begins with instead."""

    help = "Take a step of a privacy request: ask, extend, refuse, carry out, answer, note."

    def add_arguments(self, parser: CommandParser) -> None:
        """REQUEST, STEP, and what comes with it."""
        parser.add_argument("request", metavar="REQUEST", help="id of a request")
        parser.add_argument("step", metavar="STEP", choices=[str(step) for step in Step], help=", ".join(Step))
        parser.add_argument("--text", default="", help="the reasons, the question, the answer or the note")
        parser.add_argument("--subject", default="", help="of the mail; without it that of the draft")
        parser.add_argument(
            "--mail",
            action="store_true",
            help="mail the text to the address on file (forward: to the controller); else you told them yourself",
        )
        parser.add_argument("--draft", action="store_true", help="only print the mail that the step begins with")
        parser.add_argument("--language", default="", metavar="CODE", help="of the draft")
        parser.add_argument("--purpose", action="append", metavar="KEY", help="objected to or withdrawn; may be repeated")
        parser.add_argument("--by-hand", action="store_true", help="the correction was made already")
        parser.add_argument("--finding", default="", help="of who looked at a decision again, or weighed an objection")
        parser.add_argument("--disputed", action="store_true", help="a correction: --finding is what the value said before")
        parser.add_argument("--ground", default="", choices=list(Ground), help="why it is refused, or a fee asked for (Art. 12(5))")
        parser.add_argument("--fee", default="", metavar="AMOUNT", help="for ask_fee, e.g. '12.50 EUR'")
        parser.add_argument("--prevails", action="store_true", help="for weigh: your grounds prevail over the objection")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it, and print where the request is then."""
        request, step, now = find_any(options["request"]), Step(options["step"]), now_ms()
        kind = draft_kind(request, step, options["ground"])
        made = draft(request, kind, now, language=options["language"], words=options["text"], fee=options["fee"]) if kind else None
        if options["draft"]:
            self.stdout.write(f"{made.subject}\n\n{made.text}" if made else "This step begins with no mail.")
            return
        details = Details(
            purposes=tuple(options["purpose"]) if options["purpose"] else None,
            by_hand=options["by_hand"],
            finding=options["finding"],
            disputed=options["disputed"],
            ground=Ground(options["ground"]),
            fee=options["fee"],
            prevails=options["prevails"],
        )
        forwards = options["mail"] and step == Step.FORWARD
        if options["mail"] and made:
            # The whole letter, in which the text stands: it names the remedies too (Art. 12(4)).
            said = Said(text=made.text, subject=options["subject"] or made.subject, how=How.MAIL, details=details)
        else:
            said = Said(text=options["text"], how=How.MAIL if forwards else How.OTHERWISE, details=details)
        take_step(request, step, said, by=By("cli"), now=now)
        self.stdout.write(f"Request {request.pk}: {request.state}")
