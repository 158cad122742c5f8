"""To whom data really goes: the channels of a workspace, told here; webhooks lie above and register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from troth.messages.configured import list_channels


class Recipient(NamedTuple):
    """Somebody whom data reaches."""

    kind: str
    """`channel` or `webhook`."""
    id: str
    name: str
    also: tuple[str, ...]
    """By what else a purpose may name them: adapter, host."""
    purpose: str = ""
    """The one purpose for which data is handed on; empty: any that sends messages."""

    def is_named_in(self, declared: list[str]) -> bool:
        """Whether one of the declared recipients names them, in whole or in part."""
        names = [name.casefold() for name in (self.name, *self.also) if name]
        return any(name in said.casefold() or said.casefold() in name for said in declared if said for name in names)


Finder = Callable[[int], Iterator[Recipient]]
_finders: list[Finder] = []


def register_recipients(finder: Finder) -> None:
    """Have `finder(workspace_id)` asked to whom else data goes."""
    _finders.append(finder)


def find_recipients(workspace_id: int) -> list[Recipient]:
    """Everybody whom data of a workspace reaches as it is set up now."""
    found = [
        Recipient("channel", str(row.pk), row.label or row.adapter, (row.adapter, str(row.settings.get("host", ""))))
        for row in list_channels(workspace_id)
        if row.is_active
    ]
    for finder in _finders:
        found += finder(workspace_id)
    return found
