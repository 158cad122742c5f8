"""What a member asks for in an address: days, ids, filters; and how an address is written with some of them changed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from troth.kernel.errors import TrothError
from troth.people.lookup import PersonNotFound, find_person

LARGEST = 2**63 - 1


class FilterInvalid(TrothError):
    """A filter that cannot be understood; the message tells the member how it is written."""


def is_number(text: str) -> bool:
    """Whether a text of an address is an id."""
    return text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST


def read_numbers(text: str, count: int) -> tuple[int, ...]:
    """The place at which a page begins: `count` numbers joined by hyphens; nothing when it is none."""
    parts = text.split("-")
    return tuple(int(part) for part in parts) if len(parts) == count and all(map(is_number, parts)) else ()


def read_day(text: str, zone: str, days_after: int = 0) -> int | None:
    """When a day begins in a zone, in milliseconds; with `days_after` the first moment so many days later. Raises FilterInvalid."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days_after)
        return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * 1000
    except (ValueError, OverflowError):
        raise FilterInvalid(_("A day is written as 2026-03-01.")) from None


def read_person(text: str, workspace_id: int) -> int | None:
    """The person of an identifier, or of `person:ID`, which need not be there any more. Raises FilterInvalid."""
    if not text:
        return None
    own_id = text.removeprefix("person:")
    if text != own_id and is_number(own_id) and int(own_id):
        return int(own_id)
    try:
        return find_person(workspace_id, text.replace("\0", "")).person_id
    except PersonNotFound:
        raise FilterInvalid(_("Nobody in this workspace has that identifier: check the spelling.")) from None


def keep(asked: QueryDict, *without: str, **changed: str) -> str:
    """The query of an address without what is empty, with some parts left out or changed."""
    kept = asked.copy()
    for name in without:
        kept.pop(name, None)
    for name, value in changed.items():
        kept[name] = value
    return "&".join(part for part in kept.urlencode().split("&") if not part.endswith("="))
