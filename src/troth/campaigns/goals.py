"""What people are hoped to do after a campaign's or a newsletter's message, read from its field and checked."""

from __future__ import annotations

from typing import Any

import msgspec

from troth.kernel.errors import TrothError
from troth.messages.reports.shapes import Goal
from troth.people.event_names import fold_event_name

LONGEST_EVENT = 255
LONGEST_GOAL = 90
"""Days."""


class GoalInvalid(TrothError):
    """A goal that cannot be kept; the message begins with the place."""


def read_goal(given: Any, place: str = "$.goal") -> Goal | None:
    """Raises GoalInvalid."""
    if given is None:
        return None
    try:
        goal = msgspec.convert(given, Goal)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        raise GoalInvalid(f"{place}{where.rstrip('`')}: {said}.") from None
    if not 0 < len(goal.event.strip()) <= LONGEST_EVENT or "\0" in goal.event:
        raise GoalInvalid(f"{place}.event: name the event, with at most {LONGEST_EVENT} characters.")
    for name, held in (("revenue", goal.revenue), ("currency", goal.currency)):
        if len(held) > LONGEST_EVENT or '"' in held or "\\" in held or "\0" in held:
            raise GoalInvalid(f"{place}.{name}: name a property, with at most {LONGEST_EVENT} characters and no quotation marks.")
    if goal.currency and not goal.revenue:
        raise GoalInvalid(f"{place}.currency: name the property with the amount in `revenue`, too.")
    if not 0 < goal.days <= LONGEST_GOAL:
        raise GoalInvalid(f"{place}.days: choose from 1 to {LONGEST_GOAL}.")
    return goal


def keep_goal(given: Any, place: str = "$.goal") -> dict[str, Any] | None:
    """A goal as it is kept. Raises GoalInvalid."""
    goal = read_goal(given, place)
    return {**msgspec.to_builtins(goal), "event": fold_event_name(goal.event)} if goal else None
