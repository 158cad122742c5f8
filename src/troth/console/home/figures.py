"""From counts to charts and figures in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from troth.console.charts import Chart, Series, bar_chart
from troth.console.home.reading import Amount
from troth.console.home.times import QUARTER, Steps, label_steps, mark_hours
from troth.console.showing import format_number, format_roughly
from troth.messages.models import State


@dataclass(frozen=True)
class Fate:
    """What became of messages: a name for one or more states, and the tone in which they are drawn."""

    name: str
    tone: str
    states: tuple[State, ...]


def fates() -> tuple[Fate, ...]:
    """From what went well upward to what went wrong."""
    return (
        Fate(_("sent"), "good", (State.SENT, State.DELIVERED, State.COMPLAINED)),
        Fate(_("on their way"), "accent", (State.QUEUED, State.SENDING, State.HELD)),
        Fate(_("skipped"), "neutral", (State.SKIPPED, State.CANCELLED)),
        Fate(_("in doubt"), "warn", (State.UNKNOWN,)),
        Fate(_("bounced"), "bad", (State.BOUNCED,)),
        Fate(_("failed"), "bad", (State.FAILED,)),
    )


def draw_events(counts: list[int], steps: Steps, zone: str, locale: str) -> Chart:
    """Events accepted over time."""
    title = _("Events per quarter of an hour") if _is_by_quarter(steps) else _("Events per day")
    labels = label_steps(steps, zone, locale)
    # Columns, not a curve: the present step has only begun, and a curve would seem to fall.
    return _marked(bar_chart(title, labels, [Series(_("accepted"), "accent", counts)]), steps, zone)


def draw_messages(counts: Mapping[str, list[int]], steps: Steps, zone: str, locale: str) -> Chart:
    """Messages over the time when they were made, by what became of them; what never happened is left out."""
    labels = label_steps(steps, zone, locale)
    width = len(labels)
    series = [
        Series(fate.name, fate.tone, [sum(counts[state][index] for state in fate.states) for index in range(width)]) for fate in fates()
    ]
    chart = bar_chart(_("Messages by what became of them"), labels, [one for one in series if any(one.values)] or series[:1])
    return _marked(chart, steps, zone)


def sum_states(counts: Mapping[str, list[int]]) -> list[tuple[str, int]]:
    """The states that messages are in, in the order of a message's life."""
    return [(state, sum(counts[state])) for state in State.values if any(counts[state])]


def put_amount(amount: Amount, *, estimated: bool = False) -> str:
    """A number as it may be said: exact, ≈ when it is an estimate, with a plus when counting was cut short."""
    if amount.exact:
        return format_number(amount.number)
    return f"≈\N{NO-BREAK SPACE}{format_roughly(amount.number)}" if estimated else f"{format_number(amount.number)}+"


def _marked(chart: Chart, steps: Steps, zone: str) -> Chart:
    return replace(chart, ticks=mark_hours(steps, chart.labels, zone)) if _is_by_quarter(steps) else chart


def _is_by_quarter(steps: Steps) -> bool:
    return steps.edges[1] - steps.edges[0] == QUARTER
