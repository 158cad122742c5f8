"""How the sending of a workspace stands, for the page."""

from __future__ import annotations

from dataclasses import dataclass

from troth.kernel.clock import MINUTE
from troth.messages.controls import CANCELLED, WHOLE, Control, read_controls
from troth.messages.lane_settings import LaneRow
from troth.messages.stuck import Facts, Sentence, explain, next_wake
from troth.messages.stuck_facts import MOST, gather
from troth.workspaces.models import Workspace


@dataclass(frozen=True)
class Standing:
    """Everything that the page shows."""

    facts: Facts
    sentences: list[Sentence]
    wake: int | None
    stops: list[Control]
    """Of this workspace and its sources, that somebody here may end."""
    hold_minutes: int
    lanes: list[LaneRow]

    @property
    def is_stopped(self) -> bool:
        """Whether there is nothing left to stop."""
        return any(control.source == WHOLE and not control.marketing_only for control in self.stops)

    @property
    def most(self) -> int:
        """Where counting ends."""
        return MOST


def read_standing(workspace: Workspace, now: int) -> Standing:
    """The facts and what they mean. `now` in milliseconds."""
    facts = gather(workspace, now)
    sentences = explain(facts)
    own = [control for (where, _), control in sorted(read_controls().items()) if where == workspace.pk]
    common = next((control for control in own if control.source == WHOLE), None)
    return Standing(
        facts=facts,
        sentences=sentences,
        wake=next_wake(facts, sentences),
        stops=[control for control in own if control.stopped_at is not None and control.why != CANCELLED],
        hold_minutes=common.hold_ms // MINUTE if common else 0,
        lanes=list(facts.lanes),
    )
