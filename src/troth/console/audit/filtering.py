"""What a member asks the audit log for, from the address of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troth.console.asking import FilterInvalid, is_number, read_day, read_person
from troth.workspaces.audit import ACTIONS


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
    since, until = read_day(asked.get("from", ""), zone), read_day(asked.get("to", ""), zone, 1)
    return Filters(int(member) if member else None, action, read_person(asked.get("person", "").strip(), workspace_id), since, until)
