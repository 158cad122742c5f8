"""Funnels that a workspace keeps under a name. What is kept is the question; it is checked when it is kept, and again whenever it is counted."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import IntegrityError, transaction

from troth.campaigns.funnels import name_received
from troth.campaigns.models import SavedFunnel
from troth.campaigns.reports import SourceUnknown
from troth.intake.json_values import check_value
from troth.kernel.errors import TrothError
from troth.messages.reports.funnels import FunnelInvalid, read_funnel

LONGEST_NAME = 200
MOST_FUNNELS = 500


class FunnelUnknown(TrothError):
    """No such funnel in the workspace."""

    def __init__(self) -> None:
        super().__init__("There is no such funnel in this workspace: `troth report funnels WS` lists those that are kept.")


def list_funnels(workspace_id: int) -> list[SavedFunnel]:
    """Those that a workspace keeps, by name."""
    return list(SavedFunnel.objects.filter(workspace_id=workspace_id).order_by("name"))


def find_funnel(workspace_id: int, funnel_id: int) -> SavedFunnel:
    """One by its id. Raises FunnelUnknown, also for one of another workspace."""
    found = SavedFunnel.objects.filter(workspace_id=workspace_id, pk=funnel_id).first() if 0 < funnel_id < 2**63 else None
    if found is None:
        raise FunnelUnknown
    return found


def find_funnel_named(workspace_id: int, name: str) -> SavedFunnel | None:
    """One by its name; None: there is none."""
    return SavedFunnel.objects.filter(workspace_id=workspace_id, name=name.strip().replace("\0", "")).first()


def keep_funnel(workspace_id: int, name: str, given: Any, *, now: int) -> SavedFunnel:
    """Keep a funnel under a new name; `now` in milliseconds. Raises FunnelInvalid, and what `read_funnel` raises, naming the place."""
    if SavedFunnel.objects.filter(workspace_id=workspace_id).count() >= MOST_FUNNELS:
        raise FunnelInvalid(f"$: there are {MOST_FUNNELS} funnels already: delete those that nobody looks at.")
    return _save(SavedFunnel(workspace_id=workspace_id, created_at=now), name, given, now)


def change_funnel(own: SavedFunnel, name: str, given: Any, *, now: int) -> SavedFunnel:
    """Have it ask something else, or bear another name. Raises as `keep_funnel`."""
    return _save(own, name, given, now)


def save_funnel(workspace_id: int, name: str, given: Any, *, now: int) -> SavedFunnel:
    """Keep a funnel under a name: change the one that bears it, or keep a new one. Raises as `keep_funnel`."""
    own = find_funnel_named(workspace_id, name)
    return change_funnel(own, name, given, now=now) if own else keep_funnel(workspace_id, name, given, now=now)


def delete_funnel(own: SavedFunnel) -> None:
    """Keep it no more."""
    own.delete()


def _save(own: SavedFunnel, name: str, given: Any, now: int) -> SavedFunnel:
    own.name = name.strip()
    if not 0 < len(own.name) <= LONGEST_NAME or "\0" in own.name:
        raise FunnelInvalid(f"$.name: give the funnel a name of at most {LONGEST_NAME} characters.")
    check_value(given, "$")
    funnel = read_funnel(own.workspace_id, given)
    try:
        name_received(own.workspace_id, funnel)
    except SourceUnknown as error:
        raise FunnelInvalid(f"$.source: {error}") from None
    own.asked, own.updated_at = msgspec.to_builtins(funnel), now
    try:
        with transaction.atomic():
            own.save()
    except IntegrityError:
        raise FunnelInvalid("$.name: the workspace keeps a funnel of this name: change that one, or choose another.") from None
    return own
