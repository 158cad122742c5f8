"""Whether something waits because its instruction is contested (Art. 28(3), last sentence): asked by whatever carries instructions out."""

from __future__ import annotations

from uuid import UUID

from troth.kernel.errors import TrothError
from troth.privacy.models.contests import ContestedInstruction, Outcome

SCHEDULE = "schedule:"


class Contested(TrothError):
    """What waits until the controller has spoken."""


def is_request_contested(request_id: UUID) -> bool:
    """Whether a request of the controller's is contested, and not settled."""
    return ContestedInstruction.objects.filter(request_id=request_id, outcome=Outcome.OPEN).exists()


def check_request(request_id: UUID) -> None:
    """Raises Contested."""
    if is_request_contested(request_id):
        raise Contested(
            "This instruction is contested as infringing the law: it waits until the controller confirms, changes or withdraws it."
        )


def is_way_contested(workspace_id: int, kind: str, own_id: int) -> bool:
    """Whether the instruction to use a way is contested, and not settled; `kind`: `channel` or `webhook`."""
    return ContestedInstruction.objects.filter(workspace_id=workspace_id, outcome=Outcome.OPEN, waits=f"{kind}:{own_id}").exists()


def contested_schedules() -> list[int]:
    """The schedules of retention that do not run meanwhile, of all workspaces."""
    waits = ContestedInstruction.objects.filter(outcome=Outcome.OPEN, waits__startswith=SCHEDULE).values_list("waits", flat=True)
    return [int(one.removeprefix(SCHEDULE)) for one in waits]


def check_schedule(rule_id: int) -> None:
    """Raises Contested."""
    if rule_id in contested_schedules():
        raise Contested(
            "The instruction behind this schedule is contested: it waits until the controller confirms, changes or withdraws it."
        )
