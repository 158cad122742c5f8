"""Who decides a request (Art. 4(7), 28): the controller. A workspace that processes for another one carries out what it is told, and refuses nothing."""

from __future__ import annotations

from troth.kernel.errors import TrothError
from troth.workspaces.models import Workspace


class NotOursToDecide(TrothError):
    """An act that only the controller may take."""


def controller_of(workspace_id: int) -> str:
    """For whom a workspace processes; empty: its own account is the controller."""
    return Workspace.objects.filter(pk=workspace_id).values_list("processes_for", flat=True).first() or ""


def is_for_another(workspace_id: int) -> bool:
    """Whether another controller decides."""
    return bool(controller_of(workspace_id))


def check_may_decide(workspace_id: int) -> None:
    """Raises NotOursToDecide."""
    if controller := controller_of(workspace_id):
        raise NotOursToDecide(
            f"This workspace processes data for {controller}, who alone may refuse or extend a request: pass it on (Art. 28)."
        )
