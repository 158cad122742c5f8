"""What people call the campaign that made a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.campaigns.models import Campaign
from troth.campaigns.versions import load_versions
from troth.messages.sources import Described, Sent


def describe(asked: Iterable[Sent]) -> Mapping[Sent, Described]:
    """Campaigns by name, with the event that triggered the message as it was published then."""
    wanted = list(asked)
    versions = load_versions(template_id for _, _, template_id in wanted)
    names = dict(Campaign.objects.filter(pk__in={_number(source) for source, _, _ in wanted}).values_list("pk", "name"))
    found = {}
    for sent in wanted:
        name, rule = names.get(_number(sent[0])), versions.get(sent[2])
        if name is not None:
            found[sent] = Described(name=name, trigger_event=rule.event if rule else "")
    return found


def _number(source: str) -> int:
    """The number in a source's name; 0: it has none."""
    number = source.partition(":")[2]
    return int(number) if number.isdigit() else 0
