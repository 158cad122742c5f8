"""Beside its own purpose, what a message has to be asked for: the purposes of the data that its template reads, by the rule of decision 006.

Told anew at queueing and at hand-over, from the template and the workspace's catalog as it is then: an assignment changed meanwhile counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from troth.consent.catalog import PROFILING, Catalog
from troth.consent.coverage import Datum, Kind, Use, asked_with, find_needs, judge_use
from troth.consent.gate import Operation, Verdict
from troth.consent.wishes import channel_key, topic_key
from troth.content.errors import ContentError
from troth.content.models import Template
from troth.content.reading import PERSON, Read, reads_of
from troth.content.short_text import read_short, short_from_json

CONTACT = frozenset({"id", "email", "phone"})
"""What `person` has beside attributes: how the person is reached and known, without which nothing can be sent."""
ASK = "ask"
"""In a message's context: it asks for a consent. Who is asked was chosen by that consent's lack alone, not by behaviour."""
READS = "reads"
"""In a message's context: what was read to choose its person and moment, as pairs of kind and name."""
NEWSLETTER = "newsletter"
"""In a message's context: it is of a newsletter, `segment` is whom it goes to. Where that is nobody in particular, nobody was chosen."""
NOT_COVERED = "not_covered"
"""The reason of a message whose template reads data that may not be used for it."""


class Asked(NamedTuple):
    """The purposes that a person is asked about for a message, in order, and what nobody may be sent it for."""

    purposes: tuple[str, ...]
    refused: Use | None = None
    wishes: tuple[str, ...] = ()
    """What the person may not want (`consent.wishes`); of these only a refusal is worth a verdict."""

    def refusals(self, operation: Operation, at: int) -> list[Verdict]:
        """The verdict against what may not be used, if anything: it stands beside the gate's."""
        if self.refused is None:
            return []
        purpose = self.refused.collected_for
        return [Verdict(allow=False, purpose=purpose, operation=operation.value, at=at, reason=NOT_COVERED)]


def is_chosen(context: Mapping[str, Any]) -> bool:
    """Whether behaviour chose the person, which is profiling; a question for consent, and what goes to everybody, chose nobody."""
    return ASK not in context and not (NEWSLETTER in context and context[NEWSLETTER]["segment"] is None)


def find_data(read: Read, event: str | None, catalog: Catalog) -> Iterator[Datum]:
    """What a place in a template reads, where `event` triggered the message; any attribute means each that is assigned to a purpose."""
    if read.path[0] != PERSON[0]:
        if event is not None:
            yield Datum(Kind.EVENT, event)
    elif read.is_whole:
        yield from (Datum(Kind.ATTRIBUTE, name) for name in sorted(catalog.attributes) if name not in CONTACT)
    elif read.path[1] not in CONTACT:
        yield Datum(Kind.ATTRIBUTE, read.path[1])


def ask_for(template: Template | None, purpose: str, context: dict[str, Any], catalog: Catalog, channel: str = "email") -> Asked:
    """What a message of a template has to be asked for; `context` holds the event that triggered it, if one did, and what chose its person."""
    event = context.get("event", {}).get("name")
    data = {Datum(Kind.EVENT, event)} if event else set()
    data |= {Datum(Kind(kind), name) for kind, name in context.get(READS, ())}
    also_for = template.also_for if template else []
    if template is not None:
        try:
            reads = _read(template)
        except ContentError:
            reads = []  # it cannot be rendered either, which is told at the hand-over
        data.update(datum for read in reads for datum in find_data(read, event, catalog))
    uses = [judge_use(catalog, purpose, also_for, datum) for datum in sorted(data)]
    refused = next((use for use in uses if use.fault), None)
    rule = catalog.rule(purpose)
    reads_behaviour = any(use.collected_for == PROFILING for use in uses)
    own = asked_with(rule, purpose) if is_chosen(context) or (reads_behaviour and ASK not in context) else (purpose,)
    wishes = [channel_key(channel)] if rule is None or rule.is_marketing else []
    wishes += [topic_key(template.topic)] if template and template.topic else []
    return Asked((*own, *find_needs(uses)), refused, tuple(wishes))


def _read(template: Template) -> list[Read]:
    if template.short and template.reads is None:
        return read_short(short_from_json(template.short))
    return reads_of(template)
