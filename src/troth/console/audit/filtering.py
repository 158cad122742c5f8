"""What a member asks the audit log for, from the address of the page and back into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from troth.kernel.errors import TrothError
from troth.people.lookup import PersonNotFound, find_person
from troth.workspaces.audit import ACTIONS

LARGEST = 2**63


class FilterInvalid(TrothError):
    """A filter that cannot be understood."""


@dataclass(frozen=True)
class Filters:
    """Entries by whom, of what, about whom, from and until when (milliseconds, the end excluded); None or empty: all."""

    user_id: int | None = None
    action: str = ""
    person_id: int | None = None
    since: int | None = None
    until: int | None = None

    def as_arguments(self) -> dict[str, Any]:
        """For `read_entries` and `stream_entries`."""
        return {"user_id": self.user_id, "action": self.action, "person_id": self.person_id, "since": self.since, "until": self.until}

    def names(self) -> list[str]:
        """Which filters are set, without their values."""
        named = {"member": self.user_id, "action": self.action or None, "person": self.person_id, "from": self.since, "to": self.until}
        return [name for name, value in named.items() if value is not None]


def read_filters(asked: Mapping[str, str], workspace_id: int, zone: str) -> Filters:
    """The filters of an address: `member`, `action`, `person` (an identifier or `person:ID`), `from` and `to` (days of the zone, both included).

    Raises FilterInvalid with a text for the member.
    """
    action, member = asked.get("action", ""), asked.get("member", "")
    if action and action not in ACTIONS:
        raise FilterInvalid("There is no such act: choose one from the list.")
    if member and not is_number(member):
        raise FilterInvalid("There is no such member: choose one from the list.")
    since, until = _day(asked.get("from", ""), zone, 0), _day(asked.get("to", ""), zone, 1)
    return Filters(int(member) if member else None, action, _person(asked.get("person", "").strip(), workspace_id), since, until)


def is_number(text: str) -> bool:
    """Whether a text of an address is an id."""
    return text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < LARGEST


def keep(asked: Mapping[str, str], **changes: str) -> str:
    """The filters of an address as a query string, some of them changed; without those that are empty."""
    wanted = {name: asked.get(name, "") for name in ("member", "action", "person", "from", "to")} | changes
    return urlencode({name: value for name, value in wanted.items() if value})


def _person(text: str, workspace_id: int) -> int | None:
    """Entries can be about somebody who is not there any more, so an own id need not lead to anybody."""
    if not text:
        return None
    own_id = text.removeprefix("person:")
    if text != own_id and is_number(own_id) and int(own_id):
        return int(own_id)
    try:
        return find_person(workspace_id, text.replace("\0", "")).person_id
    except PersonNotFound:
        raise FilterInvalid("Nobody in this workspace has that identifier: check the spelling.") from None


def _day(text: str, zone: str, days: int) -> int | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * 1000
    except (ValueError, OverflowError):
        raise FilterInvalid("Dates are written as 2026-11-23.") from None
