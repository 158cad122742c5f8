"""Topics: what mail is about, within a purpose. People leave them on the preference page, or by a decision on `topic:KEY`."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.schemas import Input, PurposeKey, problems
from troth.consent.models import Topic
from troth.consent.topics import archive_topic, create_topic, list_topics, revise_topic

router = Router(tags=["topics"])
Names = Annotated[
    dict[Annotated[str, StringConstraints(max_length=35)], Annotated[str, StringConstraints(max_length=100)]],
    Field(max_length=50, description="Language (BCP 47) → what people call it."),
]


class TopicIn(Input):
    """A topic to create."""

    key: Annotated[str, StringConstraints(max_length=50)]
    name: Names
    purpose: PurposeKey = Field(description="What its mail is sent for; it never changes.")


class TopicNames(Input):
    """What people call it from now on."""

    name: Names


class TopicOut(Schema):
    """A topic as it stands."""

    key: str
    name: dict[str, str]
    purpose: str
    archived: bool


@router.get("/topics", auth=READ_PEOPLE, response={200: list[TopicOut], **problems()})
def list_all(request: HttpRequest) -> list[TopicOut]:
    """The topics of the workspace, in the order in which people see them."""
    return [_show(topic) for topic in list_topics(workspace_of(request))]


@router.post("/topics", auth=WRITE_CONSENT, response={201: TopicOut, **problems()})
def create(request: HttpRequest, topic: TopicIn) -> Status[TopicOut]:
    """Everybody whom its purpose reaches gets it, until they leave it."""
    return Status(201, _show(create_topic(workspace_of(request), topic.key, topic.name, topic.purpose)))


@router.put("/topics/{topic_key}", auth=WRITE_CONSENT, response={200: TopicOut, **problems(404)})
def rename(request: HttpRequest, topic_key: str, topic: TopicNames) -> TopicOut:
    """Call it otherwise."""
    return _show(revise_topic(workspace_of(request), topic_key, topic.name))


@router.post("/topics/{topic_key}/archive", auth=WRITE_CONSENT, response={200: TopicOut, **problems(404)})
def archive(request: HttpRequest, topic_key: str) -> TopicOut:
    """Send nothing under it any more; who left it stays known."""
    return _show(archive_topic(workspace_of(request), topic_key))


@router.post("/topics/{topic_key}/restore", auth=WRITE_CONSENT, response={200: TopicOut, **problems(404)})
def restore(request: HttpRequest, topic_key: str) -> TopicOut:
    """Take it up again."""
    return _show(archive_topic(workspace_of(request), topic_key, archived=False))


def _show(topic: Topic) -> TopicOut:
    return TopicOut(key=topic.key, name=topic.name, purpose=topic.purpose, archived=topic.archived)
