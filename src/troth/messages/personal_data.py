"""What the message table holds, and how it is exported, erased and merged."""

from __future__ import annotations

from troth.kernel.personal_data import Store, Table, declare
from troth.messages.models import Engagement, Message

_message = Table(
    model=Message,
    times=("due_at", "expires_at", "created_at", "claimed_at", "settled_at"),
    json=("context", "rendered", "decisions"),
    hidden=("occurrence", "template_id", "attempts", "claimed_by", "priority", "entry"),
    order_by="message_id",
)

declare(
    Store(
        name="messages.messages",
        title="Messages: queued, sent and skipped, with the decisions that led there",
        category="communication",
        purpose="the purpose of each message",
        origin="made by Troth from campaigns",
        retention="until erased; bodies 30 days",
        export=_message.export,
        erase=_message.erase,
        move=_message.move,
        models=("troth_messages.Message",),
        columns=("recipient", "context", "rendered", "decisions"),
    )
)

_engagement = Table(model=Engagement, times=("measured_at", "first_at", "last_at", "machine_at"), order_by="message_id, kind, link")

declare(
    Store(
        name="messages.engagement",
        title="Mail opened and links followed, by the person or by a machine on the way",
        category="behaviour",
        purpose="open_tracking and click_tracking",
        origin="observed when a picture is fetched or a link followed, with the person's consent",
        retention="400 days",
        export=_engagement.export,
        erase=_engagement.erase,
        move=_engagement.move,
        models=("troth_messages.Engagement",),
        columns=("link", "times", "first_at", "last_at", "machine"),
    )
)
