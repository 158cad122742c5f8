"""A picture was fetched or a link followed: may that be noted, and was it a person?

Asked anew at every fetch, against the workspace's switches and what the person decided by now. Where it may not be noted, no line is
written anywhere; the picture and the way to the link's goal are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, transaction

from troth.consent.decisions import load_facts
from troth.consent.gate import decide
from troth.kernel.clock import DAY, SECOND
from troth.messages.lookup import find_message
from troth.messages.machines import BURST, name_machine
from troth.messages.models import Engaged, Message
from troth.messages.tracking import MEASURES, Measured, is_measured
from troth.workspaces.models import Workspace

RETENTION = 400 * DAY
"""How long it is kept that somebody opened or clicked."""
AT_ONCE = SECOND
"""Nobody follows two links of a mail within this time."""
FORGOTTEN = 5_000
_NOTE = (
    "INSERT INTO messages_engagement (bucket, person_id, message_id, kind, link, workspace_id, source, measured_at, times, first_at, last_at,"
    " machine_times, machine, machine_at) SELECT p.bucket, p.person_id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM people_person p"
    " WHERE p.bucket = %s AND p.person_id = %s"
    " ON CONFLICT (bucket, person_id, message_id, kind, link) DO UPDATE SET times = messages_engagement.times + excluded.times,"
    " first_at = COALESCE(messages_engagement.first_at, excluded.first_at), last_at = COALESCE(excluded.last_at, messages_engagement.last_at),"
    " machine_times = messages_engagement.machine_times + excluded.machine_times,"
    " machine = CASE WHEN excluded.machine <> '' THEN excluded.machine ELSE messages_engagement.machine END,"
    " machine_at = COALESCE(excluded.machine_at, messages_engagement.machine_at)"
)

_OTHER_LINKS = "bucket = %s AND person_id = %s AND message_id = %s AND kind = %s AND link <> %s AND link <> ''"


def note_fetch(measured: Measured, headers: Mapping[str, str], now: int) -> bool:
    """Note that a mail was opened (or its link followed, where `measured` has one), if its person agrees to that now.

    `headers` are the request's by lower-case name, `now` milliseconds. Returns whether anything was noted. A browser that asks not to be
    followed (`Sec-GPC: 1`) is not, whatever was agreed.
    """
    kind, operation, purpose = MEASURES[1] if measured.url else MEASURES[0]
    if headers.get("sec-gpc", "").strip() == "1":
        return False
    with transaction.atomic():
        workspace = Workspace.objects.filter(pk=measured.subject.workspace_id).first()
        message = _message_of(measured)
        if workspace is None or message is None or not is_measured(workspace, kind):
            return False
        facts = load_facts(workspace.pk, {message.person_id}, purpose)[message.person_id]
        if not decide(facts, purpose=purpose, operation=operation, at=now).allow:
            return False
        waited = None if message.settled_at is None else now - message.settled_at
        machine = name_machine(headers, is_open=kind is Engaged.OPEN, waited=waited)
        if kind is Engaged.CLICK and not machine and _unmask_burst(message, measured.url, now):
            machine = BURST
        _note(message, kind, measured.url, machine, now)
    return True


def _message_of(measured: Measured) -> Message | None:
    """The message of a token; after a merge it moved along with its id."""
    subject = measured.subject
    rows = Message.objects.filter(workspace_id=subject.workspace_id).only("source", "settled_at", "workspace_id")
    own = rows.filter(bucket=subject.bucket, person_id=subject.person_id, message_id=measured.message_id).first()
    return own or find_message(subject.workspace_id, measured.message_id)


def _unmask_burst(message: Message, url: str, now: int) -> bool:
    """Whether another link of the mail was followed a moment ago; then that was no person either, and is put right."""
    others: list[int | str] = [message.bucket, message.person_id, message.message_id, Engaged.CLICK.value, url]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messages_engagement SET times = times - 1, machine_times = machine_times + 1, machine = %s, machine_at = last_at,"
            " first_at = CASE WHEN times = 1 THEN NULL ELSE first_at END, last_at = CASE WHEN times = 1 THEN NULL ELSE first_at END"
            f" WHERE {_OTHER_LINKS} AND times > 0 AND last_at > %s",
            [BURST, *others, now - AT_ONCE],
        )
        if cursor.rowcount:
            return True
        cursor.execute(
            f"SELECT 1 FROM messages_engagement WHERE {_OTHER_LINKS} AND machine = %s AND machine_at > %s", [*others, BURST, now - AT_ONCE]
        )
        return cursor.fetchone() is not None


def _note(message: Message, kind: Engaged, url: str, machine: str, now: int) -> None:
    by_person = not machine
    seen, unseen = (now, None) if by_person else (None, now)
    values: list[int | str | None] = [message.message_id, kind.value, url, message.workspace_id, message.source, now]
    values += [int(by_person), seen, seen, int(not by_person), machine, unseen, message.bucket, message.person_id]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)


def count_fetch(workspace_id: int, source: str, headers: Mapping[str, str], now: int) -> None:
    """Count that the picture that all recipients of a source share was fetched, by day and without any person; if the workspace counts."""
    if headers.get("sec-gpc", "").strip() == "1" or not Workspace.objects.filter(pk=workspace_id, counts_opens=True).exists():
        return
    machine = bool(name_machine(headers, is_open=True, waited=None))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messages_fetchcount (workspace_id, source, day, is_machine, times) VALUES (%s, %s, %s, %s, 1)"
            " ON CONFLICT (workspace_id, source, day, is_machine) DO UPDATE SET times = messages_fetchcount.times + 1",
            [workspace_id, source, now // DAY, machine],
        )


def forget_old_engagement(now: int) -> bool:
    """Delete what was measured longer ago than the retention; True when there may be more."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT bucket, person_id, message_id, kind, link FROM messages_engagement WHERE measured_at < %s LIMIT %s",
            [now - RETENTION, FORGOTTEN],
        )
        rows = cursor.fetchall()
        cursor.executemany(
            "DELETE FROM messages_engagement WHERE bucket = %s AND person_id = %s AND message_id = %s AND kind = %s AND link = %s", rows
        )
    return len(rows) == FORGOTTEN
