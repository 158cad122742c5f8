"""Topics with how many left them. Values in, values out; no HTTP but `Http404`."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from troth.consent.catalog import load_catalog
from troth.consent.models import Topic
from troth.consent.topics import TopicUnknown, count_left, find_topic, list_topics
from troth.consent.wishes import topic_key


@dataclass(frozen=True)
class TopicRow:
    """A topic of the list."""

    topic: Topic
    name: str
    purpose: str
    left: int
    """How many persons left it."""


def describe_topics(workspace_id: int) -> list[TopicRow]:
    """All topics, in three reads."""
    catalog, topics = load_catalog(workspace_id), list_topics(workspace_id)
    left = count_left(workspace_id) if topics else {}
    return [
        TopicRow(
            topic=topic,
            name=catalog.topics[topic.key].name_in("en") if topic.key in catalog.topics else topic.key,
            purpose=rule.name if (rule := catalog.rule(topic.purpose)) else topic.purpose,
            left=left.get(topic_key(topic.key), 0),
        )
        for topic in topics
    ]


def get_topic(workspace_id: int, key: str) -> Topic:
    """A topic of the workspace. Raises Http404."""
    try:
        return find_topic(workspace_id, key)
    except TopicUnknown:
        raise Http404 from None
