"""Where a workspace's controller has its seat, from its settings."""

from __future__ import annotations

from datetime import date
from typing import Any

from troth.intake.wire.values import is_email
from troth.kernel.local_time import local_time
from troth.privacy.legal_clock import Seat, SeatUnknown, check_seat
from troth.privacy.mail_words import WORDS
from troth.workspaces.models import Workspace


def load_seat(workspace_id: int) -> Seat:
    """By whose public holidays and days terms are counted in a workspace."""
    found = Workspace.objects.filter(pk=workspace_id).values_list("seat_country", "seat_region", "seat_zone").first()
    country, region, zone = found or ("", "", "")
    return Seat(country, region, zone or "UTC")


def set_seat(workspace: Workspace, seat: Seat) -> None:
    """Change it; it counts for requests that come from now on. Raises SeatUnknown."""
    check_seat(seat)
    workspace.seat_country, workspace.seat_region, workspace.seat_zone = seat.country, seat.region, seat.zone
    workspace.save(update_fields=["seat_country", "seat_region", "seat_zone"])


def set_contact(workspace: Workspace, address: str) -> None:
    """Who is told of terms; empty: owners and privacy officers. Raises SeatUnknown for what is no address."""
    if address and not is_email(address):
        raise SeatUnknown("$.contact: an e-mail address, or nothing.")
    workspace.privacy_contact = address
    workspace.save(update_fields=["privacy_contact"])


def set_language(workspace: Workspace, language: str) -> None:
    """In which they, and members who chose none, are written to; empty: English. Raises SeatUnknown for one that mail does not speak."""
    if language and language not in WORDS:
        raise SeatUnknown(f"$.language: one of {', '.join(WORDS)}, or nothing.")
    workspace.language = language
    workspace.save(update_fields=["language"])


def pack_seat(seat: Seat) -> list[str]:
    """As a request keeps it."""
    return [seat.country, seat.region, seat.zone]


def unpack_seat(kept: list[Any]) -> Seat:
    """The seat that a request keeps; of one from before seats were kept only weekends count."""
    return Seat(*kept) if kept else Seat()


def day_at(kept: list[Any], at: int) -> date:
    """The day of an instant at the seat that a request keeps. Terms end with a day there, whatever day it is meanwhile where somebody reads."""
    return local_time(at, unpack_seat(kept).zone_info).date()
