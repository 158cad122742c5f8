"""Which webhooks ask for what: small configuration, held for at most a second, so that news that nobody asks for costs nothing."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from troth.webhooks.models import Webhook, WebhookState

HELD_S = 1.0


@dataclass(frozen=True)
class Listener:
    """A webhook that takes news in."""

    webhook_id: int
    workspace_id: int
    types: frozenset[str]
    purpose: str


@dataclass
class _Held:
    until: float = 0.0
    listeners: tuple[Listener, ...] = ()
    types: frozenset[str] = field(default_factory=frozenset)


_held = _Held()


def is_asked_for(types: AbstractSet[str]) -> bool:
    """Whether any webhook of any workspace asks for one of these types."""
    return not _look().types.isdisjoint(types)


def any_listeners() -> bool:
    """Whether there is any webhook that takes news in."""
    return bool(_look().listeners)


def find_listeners(workspace_id: int, type_: str) -> list[Listener]:
    """The webhooks of a workspace that ask for a type."""
    return [one for one in _look().listeners if one.workspace_id == workspace_id and type_ in one.types]


def forget_listeners() -> None:
    """Look at the database again the next time, because something changed."""
    _held.until = 0.0


def _look() -> _Held:
    global _held
    held = _held
    if time.monotonic() < held.until:
        return held
    rows = Webhook.objects.exclude(state=WebhookState.OFF).order_by("pk")
    listeners = tuple(Listener(row.pk, row.workspace_id, frozenset(row.types), row.purpose) for row in rows)
    types = frozenset(type_ for one in listeners for type_ in one.types)
    _held = _Held(time.monotonic() + HELD_S, listeners, types)
    return _held
