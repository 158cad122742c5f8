"""Funnels as plain values, with the names of what people were sent. What counts them is `messages.reports.funnels`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from troth.campaigns.reports import find_source, name_variants
from troth.messages.reports.funnels import Counted, Funnel


def name_received(workspace_id: int, funnel: Funnel) -> Mapping[str, str]:
    """By template the variant of the funnel's campaign or newsletter; empty without one. Raises SourceUnknown."""
    return name_variants(find_source(workspace_id, funnel.source)) if funnel.source else {}


def plain_funnel(found: Counted, names: Mapping[str, str]) -> dict[str, Any]:
    """A counted funnel for files and the API. `people` is null where fewer than five began."""
    funnel = found.funnel
    return {
        "steps": [msgspec.to_builtins(step) for step in funnel.steps],
        "days": funnel.days,
        "segment": funnel.segment,
        "source": funnel.source,
        "also_for": list(funnel.also_for),
        "first": found.span.first.isoformat(),
        "last": found.span.last.isoformat(),
        "zone": found.span.zone,
        "people": _plain(found.people),
        "still_open": found.still_open,
        "left_out": found.left_out,
        "daily": [{"day": one.key, "people": _plain(one.people)} for one in found.days],
        "variants": [{"key": one.key, "name": names.get(one.key, ""), "people": _plain(one.people)} for one in found.variants],
    }


def funnel_rows(found: Counted, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """For a spreadsheet: the whole, each variant, each day. A cell is empty where fewer than five began."""
    lines = [("all", "", found.people), *(("variant", names.get(one.key, one.key), one.people) for one in found.variants)]
    lines += [("day", one.key, one.people) for one in found.days]
    steps = [f"{number} {step.event}" for number, step in enumerate(found.funnel.steps, 1)]
    return [
        {"group": group, "name": name, **{step: "" if people is None else people[place] for place, step in enumerate(steps)}}
        for group, name, people in lines
    ]


def _plain(people: tuple[int, ...] | None) -> list[int] | None:
    return None if people is None else list(people)
