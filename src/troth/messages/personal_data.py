"""What the message table holds, and how it is exported, erased and merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from troth.kernel.clock import iso
from troth.kernel.ids import bucket_of_tag
from troth.kernel.personal_data import Store, Subject, Table, declare
from troth.kernel.sql import TAG_KEY, select_by_keys
from troth.kernel.tenancy import declare_belonging, declare_of_installation
from troth.messages.models import DeliveryEvent, Engagement, Message, StoppedAddress
from troth.people.queries import find_holders, load_identifiers

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
        retention="until erased, for nobody is to get a mail twice; bodies 30 days, and earlier, with the event they were made from, where a schedule says so",
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
        provided=True,
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

_delivery = Table(model=DeliveryEvent, times=("at", "noted_at"), hidden=("event_tag", "address_tag"), order_by="at, message_id")

declare(
    Store(
        name="messages.delivery",
        title="What providers told of messages: delivered, bounced, complained of",
        category="communication",
        purpose="the purpose of each message",
        origin="the providers and mail servers that messages go through",
        retention="400 days; what the receiving side said in words 30 days",
        export=_delivery.export,
        erase=_delivery.erase,
        move=_delivery.move,
        models=("troth_messages.DeliveryEvent",),
        columns=("told", "at", "status", "diagnostic"),
    )
)


def _export_stops(subject: Subject) -> Iterator[dict[str, Any]]:
    for handle in load_identifiers([subject.person_id]).get(subject.person_id, []):
        row = StoppedAddress.objects.filter(bucket=handle.bucket, tag=handle.tag, workspace_id=subject.workspace_id).first()
        if row:
            lifted = iso(row.lifted_at) if row.lifted_at else None
            yield {
                "kind": row.kind,
                "reason": row.reason,
                "stopped_at": iso(row.stopped_at),
                "lifted_at": lifted,
                "lift_reason": row.lift_reason,
            }


def _erase_stops(subjects: Sequence[Subject]) -> Counter[int]:
    """Those of addresses that nobody else has."""
    ids = {subject.person_id for subject in subjects}
    whose = {handle.tag: person_id for person_id, handles in load_identifiers(ids).items() for handle in handles}
    holders = find_holders(whose)
    keys = [(bucket_of_tag(tag), tag) for tag in whose if ids.issuperset(holders.get(tag, []))]
    stopped = "JOIN messages_stoppedaddress s ON s.bucket = k.column1 AND s.tag = k.column2"
    found = {bytes(tag) for (tag,) in select_by_keys("SELECT s.tag", stopped, keys, TAG_KEY)}
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM messages_stoppedaddress WHERE bucket = %s AND tag = %s", [(bucket_of_tag(tag), tag) for tag in found]
        )
    return Counter(whose[tag] for tag in found)


declare(
    Store(
        name="messages.stops",
        title="Addresses that bounced or complained, to which nothing is sent: as keyed hashes",
        category="communication",
        purpose="service: not to write to who is not there or does not want it",
        origin="the providers and mail servers that messages go through",
        retention="until lifted or erased",
        export=_export_stops,
        erase=_erase_stops,
        # A stop is of an address, and goes wherever the address goes.
        move=lambda source, target: 0,
        models=("troth_messages.StoppedAddress",),
        columns=("reason",),
    )
)

declare_belonging("troth_messages.SendLane", "troth_messages.ConfiguredChannel", "own.way = 'channel ' || CAST(parent.id AS VARCHAR(20))")
declare_of_installation("troth_messages.SendFence", "where this installation sends from")
