"""The outbox: messages of a workspace, with bodies and the decisions that led there."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router

from troth.api.access import READ_MESSAGES, workspace_of
from troth.api.cursors import read_cursor, write_cursor
from troth.api.errors import NotFound
from troth.api.schemas import Cursor, Limit, MessageDetail, MessageOut, MessagesPage, ToldOut, problems
from troth.kernel.clock import iso
from troth.messages.feedback.figures import list_told
from troth.messages.lookup import find_message
from troth.messages.models import Message, State

router = Router(tags=["messages"])


@router.get("/messages", auth=READ_MESSAGES, response={200: MessagesPage, **problems()})
def list_messages(
    request: HttpRequest,
    state: Annotated[State | None, Query(description="Only messages in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MessagesPage:
    """The outbox, the newest first, over all buckets by the index on age."""
    messages = Message.objects.filter(workspace_id=workspace_of(request))
    return page_of_messages(messages.filter(state=state) if state else messages, cursor, limit)


@router.get("/messages/{message_id}", auth=READ_MESSAGES, response={200: MessageDetail, **problems(404)})
def get_message(request: HttpRequest, message_id: str) -> MessageDetail:
    """One message with its body and the gate's decisions."""
    found = None
    if message_id.isascii() and message_id.isdigit() and len(message_id) <= 19:
        found = find_message(workspace_of(request), int(message_id))
    if found is None:
        raise NotFound("There is no such message in this workspace.")
    return show_message_detail(found)


def page_of_messages(messages: QuerySet[Message], cursor: str | None, limit: int) -> MessagesPage:
    """One page of a set of messages, the newest first."""
    position = read_cursor(cursor, 2)
    if position:
        created_at, message_id = position
        messages = messages.filter(Q(created_at__lte=created_at), Q(created_at__lt=created_at) | Q(message_id__lt=message_id))
    found = list(messages.order_by("-created_at", "-message_id")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return MessagesPage(
        items=[MessageOut(**_facts(message)) for message in found[:limit]],
        next_cursor=write_cursor(last.created_at, last.message_id) if last else None,
    )


def show_message_detail(message: Message) -> MessageDetail:
    """Everything about a message."""
    body = message.rendered or {}
    return MessageDetail(
        **_facts(message),
        recipient=message.recipient,
        html=body.get("html"),
        text=body.get("text"),
        headers=body.get("headers"),
        attempts=message.attempts,
        provider_id=message.provider_id,
        decisions=message.decisions,
        told=[
            ToldOut(told=row.told, at=iso(row.at), provider=row.provider, status=row.status, diagnostic=row.diagnostic)
            for row in list_told(message)
        ],
    )


def _facts(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.message_id),
        "person_id": str(message.person_id),
        "source": message.source,
        "channel": message.channel,
        "purpose": message.purpose,
        "is_marketing": message.is_marketing,
        "state": message.state,
        "reason": message.reason,
        "subject": (message.rendered or {}).get("subject", ""),
        "created_at": iso(message.created_at),
        "due_at": iso(message.due) if message.due is not None else None,
        "settled_at": iso(message.settled_at) if message.settled_at is not None else None,
    }
