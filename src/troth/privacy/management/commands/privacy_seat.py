"""`troth privacy seat WS`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.privacy.legal_clock import Seat
from troth.privacy.mail_words import WORDS
from troth.privacy.seats import load_seat, set_contact, set_language, set_seat
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Say where the controller has its seat, whose public holidays and days count in terms, and who is told of them."""

    help = "Show or set the seat by whose holidays terms are counted, and who is told of terms."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --country, --region, --zone, --contact, --language."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--country", metavar="CODE", help="ISO 3166, e.g. DE; empty: only weekends count")
        parser.add_argument("--region", metavar="CODE", help="e.g. BY, where holidays differ")
        parser.add_argument("--zone", metavar="NAME", help="IANA time zone, e.g. Europe/Berlin")
        parser.add_argument("--contact", metavar="EMAIL", help="who is told of terms; empty: owners and privacy officers")
        parser.add_argument(
            "--language", choices=list(WORDS), help="in which they, and members who chose none, are written to; English by itself"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set what was given, and print it."""
        workspace = find_workspace(options["workspace"])
        held = load_seat(workspace.pk)
        country = held.country if options["country"] is None else options["country"].upper()
        region = options["region"].upper() if options["region"] is not None else held.region if country == held.country else ""
        set_seat(workspace, Seat(country, region, options["zone"] or held.zone))
        if options["contact"] is not None:
            set_contact(workspace, options["contact"])
        if options["language"] is not None:
            set_language(workspace, options["language"])
        seat = load_seat(workspace.pk)
        where = "-".join(one for one in (seat.country, seat.region) if one) or "no public holidays"
        self.stdout.write(
            f"{workspace.name}: {where}, {seat.zone}; told: {workspace.privacy_contact or 'owners and privacy officers'}, in {workspace.language or 'en'}"
        )
