"""Putting messages into the queue, once each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from troth.consent.gate import Verdict
from troth.kernel.ids import new_row_id
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows
from troth.messages.controls import hold_for
from troth.messages.decisions import Decision
from troth.messages.limits import PRIORITY
from troth.messages.models import State

INSERT_MESSAGE = (
    "INSERT INTO messages_message (bucket, person_id, message_id, workspace_id, source, occurrence, channel, purpose, is_marketing, template_id,"
    " state, reason, due_at, expires_at, created_at, settled_at, attempts, recipient, context, decisions, provider_id, priority, entry)"
)


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be sent at `due_at`, or one that the gate refused: it is kept as skipped, with the reason."""

    subject: Subject
    source: str
    occurrence: int
    channel: str
    purpose: str
    is_marketing: bool
    template_id: int
    due_at: int
    expires_at: int | None = None
    """When it would come too late; None: never."""
    context: dict[str, Any]
    verdicts: list[Verdict | Decision]
    """What decided about it so far, in order."""
    priority: int = PRIORITY
    entry: int | None = None
    """As `Message.entry`."""


def enqueue(messages: Sequence[NewMessage], now: int) -> int:
    """Queue messages, or note them as skipped where a verdict denies; returns how many are new. The same occurrence twice is one message."""
    rows = []
    for message in messages:
        denied = next((verdict for verdict in message.verdicts if not verdict.allow), None)
        rows.append(
            (
                message.subject.bucket,
                message.subject.person_id,
                new_row_id(),
                message.subject.workspace_id,
                message.source,
                message.occurrence,
                message.channel,
                message.purpose,
                message.is_marketing,
                message.template_id,
                State.SKIPPED if denied else State.QUEUED,
                f"{denied.purpose}:{denied.reason}" if denied else "",
                when_due(message, now),
                message.expires_at,
                now,
                now if denied else None,
                0,
                "",
                encode({} if denied else message.context),
                encode(message.verdicts),
                "",
                message.priority,
                message.entry,
            )
        )
    return insert_rows(INSERT_MESSAGE, rows, "ON CONFLICT DO NOTHING")


def when_due(message: NewMessage, now: int) -> int:
    """Later than asked for where the message waits first, so that it can be taken back."""
    hold = hold_for(message.subject.workspace_id, message.source, is_marketing=message.is_marketing)
    return max(message.due_at, now + hold) if hold else message.due_at
