"""What the inbox holds, and how it is exported, erased and merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from troth.intake.captures import TABLE, erase_captures
from troth.intake.models import DeletionOrder, InboxItem
from troth.kernel.ids import bucket_of_tag
from troth.kernel.personal_data import Store, Subject, Table, declare, keys_of
from troth.kernel.sql import is_sqlite
from troth.kernel.tenancy import declare_of_installation

_inbox = Table(
    model=InboxItem, times=("ts", "received_at"), json=("properties",), hidden=("item_id", "dedupe", "dedupe_until"), order_by="item_id"
)
_order = Table(model=DeletionOrder, times=("at",))


def _move_inbox(source: Subject, target: Subject) -> int:
    """On SQLite the arrival number alone is the key, so the rows stay and change hands; on PostgreSQL they are copied to the other bucket."""
    if not is_sqlite():
        return _inbox.move(source, target)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_inboxitem SET bucket = %s, person_id = %s WHERE bucket = %s AND person_id = %s",
            [target.bucket, target.person_id, source.bucket, source.person_id],
        )
        moved: int = cursor.rowcount
        return moved


def _erase_seen(subjects: Sequence[Subject]) -> Counter[int]:
    """Remove the hashes that the persons' own events left behind."""
    left: Counter[int] = Counter()
    with connection.cursor() as cursor, connection.cursor() as deleting:
        for table in ("people_event", "intake_inboxitem"):
            for listed, values in keys_of(subjects):
                cursor.execute(
                    f"SELECT person_id, dedupe FROM {table} WHERE (bucket, person_id) IN {listed} AND dedupe IS NOT NULL", values
                )
                while rows := cursor.fetchmany(2_000):
                    left.update(person_id for person_id, _ in rows)
                    tags = sorted((bucket_of_tag(bytes(tag)), tag) for _, tag in rows)
                    deleting.executemany("DELETE FROM intake_seen WHERE bucket = %s AND tag = %s", tags)
    return left


def _nothing(subject: Subject) -> Iterator[dict[str, Any]]:
    return iter(())


declare(
    Store(
        name="intake.inbox",
        provided=True,
        title="Events accepted a moment ago, not yet in the history",
        category="behaviour",
        purpose="the purpose its event name is assigned to",
        origin="the customer's own systems (API, import)",
        retention="normally under a second",
        export=_inbox.export,
        erase=_inbox.erase,
        move=_move_inbox,
        models=("intake.InboxItem",),
        columns=("name", "ts", "properties"),
        erase_order=45,
    )
)
declare(
    Store(
        name="intake.seen",
        title="Keyed hashes that tell a repeated event from a new one",
        category="technical",
        purpose="service",
        origin="derived from events",
        retention="5 minutes (Vero) or 48 hours (Segment), then removed",
        export=_nothing,
        erase=_erase_seen,
        move=lambda source, target: 0,
        models=("intake.Seen",),
        erase_order=40,
    )
)
declare(
    Store(
        name="intake.deletion_orders",
        title="Deletions asked for through an API",
        category="decision",
        purpose="carry out a request (Art. 17)",
        origin="the customer's own systems (API)",
        retention="until carried out",
        export=_order.export,
        erase=_order.erase,
        move=_order.move,
        models=("intake.DeletionOrder",),
        columns=("at",),
    )
)
declare(
    Store(
        name="intake.captures",
        title="Requests of the last minutes, kept while somebody watches Live",
        category="behaviour",
        purpose="find faults in an integration",
        origin="the customer's own systems (API), as they were sent",
        retention="15 minutes; all of a workspace's are deleted when anybody there is erased",
        export=TABLE.export,
        erase=erase_captures,
        move=TABLE.move,
        models=("intake.Capture",),
        columns=("at", "name", "who", "raw", "understood"),
        erase_order=42,
    )
)

declare_of_installation("intake.Seen", "keyed hashes of de-duplication keys, which expire by themselves and lead to nothing")
