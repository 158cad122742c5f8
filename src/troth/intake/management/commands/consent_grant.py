"""`troth consent grant WS IDENTIFIER PURPOSE`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.intake.commands import Decision
from troth.intake.management.commands._decision import add_arguments, decide

PROOF = {
    "notice": "the text that the person was shown, word for word",
    "notice_key": "in its place: a published notice",
    "notice_version": "its version",
    "language": "the language of what was shown, e.g. de",
    "artefact": "where what they signed, wrote or said is kept",
    "decided_at": "when they did, if not now (RFC 3339)",
}


class Command(BaseCommand):
    """Record that a person consents to a purpose (Art. 7(1) GDPR): what cannot be proven is recorded and permits nothing."""

    help = "Record that a person consents to a purpose, with the proof; without it the consent permits nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, PURPOSE, --evidence, and what proves it."""
        add_arguments(parser)
        for name, told in PROOF.items():
            parser.add_argument(f"--{name.replace('_', '-')}", default="", metavar="TEXT", help=told)
        parser.add_argument("--how", default="", choices=("signature", "document", "spoken", "checkbox", "button"), help="what they did")
        parser.add_argument("--box", default="", choices=("unchecked", "checked"), help="how the box stood before")

    def handle(self, *args: Any, **options: Any) -> None:
        """Record it, and say what it lacks."""
        proof = {name: options[name] for name in PROOF} | {"control_kind": options["how"], "default_state": options["box"]}
        line = decide(
            options["workspace"],
            options["identifier"],
            options["purpose"],
            Decision.GRANT,
            options["evidence"],
            {name: value for name, value in proof.items() if value},
        )
        self.stdout.write(line)
