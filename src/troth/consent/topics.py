"""Topics: what mail is about, within a purpose. Configuration; what a person chose of them is a decision (`wishes`)."""

from __future__ import annotations

import re

from django.db import connection, transaction

from troth.consent.catalog import forget_catalogs, load_catalog
from troth.consent.models import Standing, Topic
from troth.kernel.errors import TrothError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONGEST_NAME = 100
MOST_TOPICS = 50
"""More than this nobody chooses from."""


class TopicInvalid(TrothError):
    """A topic that cannot be kept like this; the message begins with the field."""


class TopicUnknown(TrothError):
    """No such topic."""


def list_topics(workspace_id: int) -> list[Topic]:
    """All topics, in the order in which people see them, archived ones too."""
    return list(Topic.objects.filter(workspace_id=workspace_id).order_by("pk"))


def find_topic(workspace_id: int, key: str) -> Topic:
    """A topic by key. Raises TopicUnknown."""
    found = Topic.objects.filter(workspace_id=workspace_id, key=key).first()
    if found is None:
        raise TopicUnknown("There is no such topic in this workspace.")
    return found


def create_topic(workspace_id: int, key: str, names: dict[str, str], purpose: str) -> Topic:
    """A new topic; `names` by language. Raises TopicInvalid, PurposeUnknown."""
    if not _KEY.fullmatch(key):
        raise TopicInvalid(
            "$.key: the key of a topic has letters, digits, `_`, `-` and `.`, 50 at most, and begins with a letter or digit."
        )
    _check(workspace_id, names, purpose)
    with transaction.atomic():
        if Topic.objects.filter(workspace_id=workspace_id, key=key).exists():
            raise TopicInvalid("$.key: there is a topic of this key: choose another, or revise that one.")
        if Topic.objects.filter(workspace_id=workspace_id).count() >= MOST_TOPICS:
            raise TopicInvalid(f"$.key: there are {MOST_TOPICS} topics already, more than people choose from: revise one of them.")
        topic = Topic.objects.create(workspace_id=workspace_id, key=key, name=names, purpose=purpose)
    forget_catalogs()
    return topic


def revise_topic(workspace_id: int, key: str, names: dict[str, str]) -> Topic:
    """Call a topic otherwise. Its purpose never changes: what people chose was within that one. Raises TopicInvalid, TopicUnknown."""
    topic = find_topic(workspace_id, key)
    _check(workspace_id, names, topic.purpose)
    topic.name = names
    topic.save(update_fields=["name"])
    forget_catalogs()
    return topic


def archive_topic(workspace_id: int, key: str, *, archived: bool = True) -> Topic:
    """Send nothing under a topic any more, or take it up again. Raises TopicUnknown."""
    topic = find_topic(workspace_id, key)
    topic.archived = archived
    topic.save(update_fields=["archived"])
    forget_catalogs()
    return topic


def count_left(workspace_id: int) -> dict[str, int]:
    """How many persons left each topic, by the key of their decision. Over all buckets, a figure of the workspace; reads only those who decided."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT purpose, COUNT(*) FROM consent_stance WHERE workspace_id = %s AND purpose >= 'topic:' AND purpose < 'topic;'"
            " AND standing = %s GROUP BY purpose",
            [workspace_id, int(Standing.REFUSED)],
        )
        return dict(cursor.fetchall())


def _check(workspace_id: int, names: dict[str, str], purpose: str) -> None:
    load_catalog(workspace_id).require(purpose)
    if not names or not all(_LANGUAGE.fullmatch(language) for language in names):
        raise TopicInvalid("$.name: say what people call it, in at least one language (e.g. `en`).")
    if not all(0 < len(name.strip()) <= LONGEST_NAME for name in names.values()):
        raise TopicInvalid(f"$.name: a name has 1 to {LONGEST_NAME} characters.")
