"""What waits because the instruction to change it is contested (Art. 28(3) GDPR): asked before it is changed again, and by the pages that show it."""

from __future__ import annotations

from collections.abc import Iterable

from troth.consent.models import HeldChange
from troth.kernel.errors import TrothError

PURPOSE, COLLECTING, ASSIGNMENT, MEASURING = "purpose:", "collecting:", "assignment:", "measuring:"


class ChangeHeld(TrothError):
    """What waits for the controller cannot be changed meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "The last change of this is contested as infringing the law, and what was in force before stays in force until the controller"
            " has spoken. Change it then."
        )


def name_purpose(key: str) -> str:
    """How what becomes of a purpose is called here. Pure."""
    return f"{PURPOSE}{key}"


def name_datum(kind: str, event: str, name: str) -> str:
    """How the collecting of a datum is called here. Pure."""
    return COLLECTING + " ".join(part for part in (kind, event, name) if part)


def find_held(workspace_id: int, what: str) -> HeldChange | None:
    """The change that waits of one thing."""
    return HeldChange.objects.filter(workspace_id=workspace_id, what=what).first()


def check_held(workspace_id: int, what: str) -> None:
    """Raises ChangeHeld."""
    if find_held(workspace_id, what) is not None:
        raise ChangeHeld


def list_held(workspace_id: int, of: str) -> list[HeldChange]:
    """All that wait in a workspace, of `PURPOSE`, `COLLECTING`, `ASSIGNMENT` or `MEASURING`."""
    return list(HeldChange.objects.filter(workspace_id=workspace_id, what__startswith=of).order_by("pk"))


def list_held_switches(workspace_id: int) -> set[str]:
    """The switches of what is measured of mail whose change waits."""
    return {name for own in list_held(workspace_id, MEASURING) for name in own.wanted["switches"]}


def check_assigning(workspace_id: int, things: Iterable[tuple[str, str]], purpose: str) -> None:
    """Whether things can be assigned to a purpose: it is not one that is to be given up, and none of them waits already. Raises ChangeHeld."""
    held = find_held(workspace_id, name_purpose(purpose))
    waiting = {(kind, name) for own in list_held(workspace_id, ASSIGNMENT) for kind, name in own.wanted["things"]}
    if (held is not None and "archived" in held.wanted) or waiting & set(things):
        raise ChangeHeld
