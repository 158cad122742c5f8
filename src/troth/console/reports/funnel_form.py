"""The boxes of a funnel in the address, and back: events with a condition on a property each, days, whose, and apart by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import QueryDict

from troth.console.operands import read_property, write_property
from troth.messages.reports.funnels import FEWEST_STEPS, LONGEST_FUNNEL, MOST_STEPS

LONGEST = 255
BLANK_DAYS = 7


class StepBoxes(NamedTuple):
    """What stands in the boxes of a step."""

    number: int
    event: str = ""
    property: str = ""
    property_op: str = "equals"
    property_value: str = ""


@dataclass(frozen=True)
class FunnelForm:
    """What somebody asks for. A step without an event is left out."""

    steps: tuple[StepBoxes, ...]
    days: int
    segment: str
    source: str
    also_for: tuple[str, ...]

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to count yet."""
        return any(step.event for step in self.steps)

    @property
    def plain(self) -> dict[str, Any]:
        """As the API takes it, not checked yet."""
        return {
            "steps": [
                {"event": step.event, **read_property({name: getattr(step, name) for name in step._fields[2:]})}
                for step in self.steps
                if step.event
            ],
            "days": self.days,
            "segment": int(self.segment) if self.segment else None,
            "source": self.source,
            "also_for": list(self.also_for),
        }


def read_form(asked: QueryDict) -> FunnelForm:
    """Of an address. One box more is shown than is filled, so that a further step can be written without a script."""
    filled = [step for number in range(1, MOST_STEPS + 1) if (step := _read_step(asked, number)).event]
    shown = min(MOST_STEPS, max(FEWEST_STEPS, len(filled)) + 1)
    steps = [step._replace(number=number) for number, step in enumerate(filled, 1)]
    steps += [StepBoxes(number) for number in range(len(filled) + 1, shown + 1)]
    days, segment = asked.get("days", ""), asked.get("segment", "")
    return FunnelForm(
        steps=tuple(steps),
        days=min(LONGEST_FUNNEL, max(1, int(days))) if days.isascii() and days.isdigit() and len(days) < 5 else BLANK_DAYS,
        segment=segment if segment.isascii() and segment.isdigit() and len(segment) < 19 else "",
        source=asked.get("source", "")[:40],
        also_for=tuple(asked.getlist("also_for")[:20]),
    )


def show_form(asked: Mapping[str, Any]) -> FunnelForm | None:
    """The boxes of a funnel that is kept; None where they cannot say it, because it was written over the API."""
    steps = []
    for number, step in enumerate(asked["steps"], 1):
        boxes = write_property(step["where"]) if step.get("where") is not None else {}
        if boxes is None:
            return None
        steps.append(StepBoxes(number, step["event"], **boxes))
    more = [StepBoxes(len(steps) + 1)] if len(steps) < MOST_STEPS else []
    return FunnelForm(
        steps=(*steps, *more),
        days=asked["days"],
        segment="" if asked["segment"] is None else str(asked["segment"]),
        source=asked["source"],
        also_for=tuple(asked["also_for"]),
    )


def write_form(form: FunnelForm) -> list[tuple[str, str]]:
    """The boxes as an address holds them."""
    steps = [
        (f"{name}{step.number}", value) for step in form.steps if step.event for name, value in zip(step._fields[1:], step[1:], strict=True)
    ]
    more = [("days", str(form.days)), ("segment", form.segment), ("source", form.source)]
    return [*steps, *more, *(("also_for", purpose) for purpose in form.also_for)]


def _read_step(asked: QueryDict, number: int) -> StepBoxes:
    said = [asked.get(f"{name}{number}", "").replace("\0", "").strip()[:LONGEST] for name in StepBoxes._fields[1:]]
    return StepBoxes(number, *said)._replace(property_op=said[2] or "equals")
