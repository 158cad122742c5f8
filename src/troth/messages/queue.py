"""The message queue in SQL: claiming what is due, settling what was done, recovering what a dead worker left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from django.db import connection, transaction

from troth.kernel.clock import MINUTE, SECOND
from troth.kernel.json_text import decode, encode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import has_rows, is_sqlite
from troth.messages.channels.port import Outgoing
from troth.messages.models import HANDED_OVER, PAUSED, Engaged, State
from troth.messages.news import Became, HandedOver, MessageNews, handed_over, outcomes
from troth.messages.segment_conditions import MESSAGES
from troth.messages.senders import Fate, Left, find_left, this_sender
from troth.segments.changes import Changed, mark

LEASE = 5 * MINUTE
"""A claim older than this belongs to a sender that died, or that hangs."""
MAX_ATTEMPTS = 8
MOVED = 2_000
DIED_DURING, DIED_AFTER = "worker_died_during_hand_over", "worker_died_after_hand_over"
WAITING = "state IN ('queued', 'sending')"
"""The condition of the index `message_due`. SQLite uses a partial index only where the statement repeats its condition; else it reads all messages."""
HELD = f"m.state = 'held' AND NOT m.reason = '{PAUSED}'"
"""The condition of the index `message_held`, of messages `m`: what is paused may be millions, and waits for whoever paused it."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A message that this worker may hand over."""

    subject: Subject
    message_id: int
    source: str
    channel: str
    """By what the person is reached (`channels.port.Medium`)."""
    purpose: str
    is_marketing: bool
    template_id: int
    attempts: int
    expires_at: int | None = None
    """From then on it is too late."""
    context: dict[str, Any]
    decisions: list[dict[str, Any]]
    occurrence: int = 0


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claimed message. State `queued` with a later `due_at` means: try again then."""

    claim: Claim
    state: State
    reason: str = ""
    due_at: int = 0
    recipient: str = ""
    rendered: dict[str, Any] | None = None
    decisions: list[dict[str, Any]] = []
    provider_id: str = ""
    measured: tuple[Engaged, ...] = ()
    """What of it is measured, as its person agreed."""
    gone: tuple[Outgoing, ...] = ()
    """What went to addresses that do not exist any more."""
    reached: tuple[int, ...] = ()
    """The channels that got it, or may have; 0 is the installation's."""
    is_attempt: bool = True
    """Whether it counts as a try; what was only held back or put off does not."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of the message."""
        return self.state not in (State.QUEUED, State.HELD)


def claim_due(now: int, limit: int, workspace_id: int | None = None) -> list[Claim]:
    """Take due messages for this worker, of one workspace or of all: service before marketing, the oldest first. Reads all buckets, from the index of what is due."""
    rows: list[tuple[Any, ...]] = []
    if not has_rows(
        f"SELECT 1 FROM messages_message WHERE state = 'queued' AND is_marketing IN (%s, %s) AND due_at <= %s AND {WAITING} LIMIT 1",
        [False, True, now],
    ):
        return []
    sender_id = this_sender().sender_id
    whose, one = ("", []) if workspace_id is None else (" AND workspace_id = %s", [workspace_id])
    with transaction.atomic(), connection.cursor() as cursor:
        for is_marketing in (False, True):
            cursor.execute(
                f"SELECT {_CLAIMED} FROM messages_message"
                f" WHERE state = 'queued' AND is_marketing = %s AND due_at <= %s AND {WAITING}{whose} ORDER BY due_at LIMIT %s{_unlocked()}",
                [is_marketing, now, *one, limit - len(rows)],
            )
            rows += cursor.fetchall()
        cursor.executemany(
            "UPDATE messages_message SET state = 'sending', claimed_at = %s, claimed_by = %s, attempts = attempts + 1"
            " WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = 'queued'",
            [(now, sender_id, *row[:3]) for row in rows],
        )
    return [_claim(row) for row in rows]


def _unlocked() -> str:
    """Leaves out what another transaction has its hands on; SQLite has one writer at a time."""
    return "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"


_CLAIMED = "bucket, person_id, message_id, workspace_id, source, channel, purpose, is_marketing, template_id, attempts, expires_at, context, decisions, occurrence"


def _claim(row: tuple[Any, ...]) -> Claim:
    return Claim(
        subject=Subject(row[3], row[1]),
        message_id=row[2],
        source=row[4],
        channel=row[5],
        purpose=row[6],
        is_marketing=bool(row[7]),
        template_id=row[8],
        attempts=row[9] + 1,
        expires_at=row[10],
        context=decode(row[11]),
        decisions=decode(row[12]),
        occurrence=row[13],
    )


def find_oldest_due() -> int | None:
    """When the message that waits longest for being sent was due, or will be; None when nothing waits. Reads all buckets, from the index of what is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MIN(k.due_at) FROM ("
            + " UNION ALL ".join(
                [f"SELECT MIN(due_at) AS due_at FROM messages_message WHERE state = 'queued' AND is_marketing = %s AND {WAITING}"] * 2
            )
            + ") AS k",
            [False, True],
        )
        found: int | None = cursor.fetchone()[0]
        return found


def release(claims: Sequence[Claim]) -> None:
    """Give back what was claimed and surely not handed over."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE messages_message SET state = 'queued', claimed_at = NULL, attempts = attempts - 1"
            " WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = 'sending'",
            [(claim.subject.bucket, claim.subject.person_id, claim.message_id) for claim in claims],
        )


def settle(settlements: Sequence[Settlement], now: int) -> None:
    """Write what became of claimed messages. A message whose person was erased meanwhile is gone, and stays gone.

    What was given up as unknown meanwhile, because this sender took too long, is known now; what another sender took over is that one's to settle.
    """
    sender_id = this_sender().sender_id
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE messages_message SET state = %s, reason = %s, due_at = CASE WHEN %s > 0 THEN %s ELSE due_at END, settled_at = %s, recipient = %s,"
            " rendered = %s, decisions = %s, provider_id = %s, context = CASE WHEN %s THEN '{}' ELSE context END, attempts = attempts - %s"
            " WHERE bucket = %s AND person_id = %s AND message_id = %s AND state IN ('sending', 'unknown') AND claimed_by = %s",
            [
                (
                    s.state.value,
                    s.reason,
                    s.due_at,
                    s.due_at,
                    now if s.is_over else None,
                    s.recipient,
                    None if s.rendered is None else encode(s.rendered),
                    encode([*s.claim.decisions, *s.decisions]),
                    s.provider_id,
                    s.is_over,
                    0 if s.is_attempt else 1,
                    s.claim.subject.bucket,
                    s.claim.subject.person_id,
                    s.claim.message_id,
                    sender_id,
                )
                for s in settlements
            ],
        )
        mark(Changed(s.claim.subject.workspace_id, s.claim.subject.person_id, MESSAGES) for s in settlements if s.state in HANDED_OVER)
        measured = [(kind, s) for s in settlements for kind in s.measured]
        if measured:
            cursor.executemany(
                "INSERT INTO messages_engagement (bucket, person_id, message_id, kind, link, workspace_id, source, measured_at, times,"
                " machine_times, machine) SELECT bucket, person_id, message_id, %s, '', workspace_id, source, %s, 0, 0, ''"
                " FROM messages_message WHERE bucket = %s AND person_id = %s AND message_id = %s ON CONFLICT DO NOTHING",
                [(kind.value, now, s.claim.subject.bucket, s.claim.subject.person_id, s.claim.message_id) for kind, s in measured],
            )
        outcomes.tell(_news(settlements, now), now)
        handed_over.tell(
            (
                HandedOver(s.claim.subject, channel_id, s.claim.channel, s.claim.purpose, now)
                for s in settlements
                for channel_id in s.reached
            ),
            now,
        )


def _news(settlements: Sequence[Settlement], now: int) -> Iterator[MessageNews]:
    """What was sent, but to a tester, and what failed for good."""
    for s in settlements:
        if s.state is State.SENT and s.reason != "test_mode":
            yield MessageNews(Became.SENT, s.claim.subject, s.claim.message_id, now)
        elif s.state is State.FAILED:
            yield MessageNews(Became.FAILED, s.claim.subject, s.claim.message_id, now, {"reason": s.reason})


def release_held(limit: int) -> int:
    """Queue again what was held where it may go meanwhile; returns how many. Reads the index of what is held, workspace by workspace."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.bucket, m.person_id, m.message_id FROM workspaces_workspace w CROSS JOIN messages_message m"
            f" WHERE w.send_mode <> 'off' AND m.workspace_id = w.id AND {HELD} AND (w.send_mode <> 'test' OR w.test_address <> '')"
            " AND NOT EXISTS (SELECT 1 FROM messages_control c WHERE c.stopped_at IS NOT NULL AND c.workspace_id IN (0, w.id)"
            " AND c.source IN ('', m.source) AND (m.is_marketing OR NOT c.marketing_only)) LIMIT %s",
            [limit],
        )
        rows = cursor.fetchall()
        cursor.executemany(
            "UPDATE messages_message SET state = 'queued', reason = '' WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = 'held'",
            rows,
        )
    return len(rows)


def move_waiting(workspace_id: int, source: str, before: State, after: State, reason: str = "") -> None:
    """Bring all messages of a source from one waiting state into another, e.g. from `queued` to `cancelled`, batch by batch, with the reason why."""
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT bucket, person_id, message_id FROM messages_message WHERE workspace_id = %s AND source = %s AND state = %s"
                " AND (state <> %s OR reason <> %s) LIMIT %s",
                [workspace_id, source, before.value, after.value, reason, MOVED],
            )
            rows = cursor.fetchall()
            cursor.executemany(
                "UPDATE messages_message SET state = %s, reason = %s WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = %s",
                [(after.value, reason, *row, before.value) for row in rows],
            )
        if len(rows) < MOVED:
            return


def recover_abandoned(now: int) -> int:
    """Settle what dead senders claimed and never settled; returns how many messages. Reads all buckets, from the index of what waits.

    What was taken is sent, what was not begun is queued again. What may have left becomes `unknown` if it is marketing, which is never sent twice;
    service mail is tried again. Of a sender on another machine, or before this one started anew, it is known neither that it died nor what it had
    begun: what it claimed counts as left after LEASE.
    """
    if not has_rows(
        f"SELECT 1 FROM messages_message WHERE state = 'sending' AND is_marketing IN (%s, %s) AND {WAITING} LIMIT 1", [False, True]
    ):
        return 0
    left: dict[int, Left | None] = {}
    taken: list[tuple[Any, ...]] = []
    in_doubt: list[tuple[Any, ...]] = []
    again: list[tuple[Any, ...]] = []
    news: list[MessageNews] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket, person_id, message_id, workspace_id, is_marketing, COALESCE(claimed_by, 0), claimed_at FROM messages_message"
            f" WHERE state = 'sending' AND is_marketing IN (%s, %s) AND {WAITING}{_unlocked()}",
            [False, True],
        )
        for bucket, person_id, message_id, workspace_id, is_marketing, sender_id, claimed_at in cursor.fetchall():
            if sender_id not in left:
                left[sender_id] = find_left(sender_id)
            known = left[sender_id]
            if known is None and claimed_at >= now - LEASE:
                continue
            fate = known.fate_of(message_id) if known else Fate.IN_DOUBT
            key = (bucket, person_id, message_id)
            if fate is Fate.TAKEN:
                taken.append((State.SENT.value, DIED_AFTER, now, *key))
                news.append(MessageNews(Became.SENT, Subject(workspace_id, person_id), message_id, now))
            elif fate is Fate.IN_DOUBT and is_marketing:
                in_doubt.append((State.UNKNOWN.value, DIED_DURING, now, *key))
            else:
                again.append((0 if fate is Fate.IN_DOUBT else 1, *key))
        same = "WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = 'sending'"
        over = f"UPDATE messages_message SET state = %s, reason = %s, settled_at = %s, context = '{{}}' {same}"
        cursor.executemany(over, [*taken, *in_doubt])
        cursor.executemany(f"UPDATE messages_message SET state = 'queued', reason = '', attempts = attempts - %s {same}", again)
        outcomes.tell(news, now)
    for known in left.values():
        if known:
            known.forget()
    return len(taken) + len(in_doubt) + len(again)


def next_try(attempts: int, now: int) -> int:
    """When to try a temporary failure again: 30 s, doubling, an hour at most."""
    return now + min(3_600 * SECOND, 30 * SECOND << (attempts - 1))
