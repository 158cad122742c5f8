"""Pictures were fetched and links followed: may that be noted, and was it a person?

Asked anew of every fetch, against the workspace's switches and what the person decided by now. Where it may not be noted, no line is
written anywhere; the picture and the way to the link's goal are the same. All that came in meanwhile is noted together (`noting.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from django.db import connection, transaction

from troth.consent.decisions import load_all_facts
from troth.consent.gate import decide
from troth.kernel.clock import DAY
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows, is_sqlite, select_by_keys
from troth.messages.engaging import Done, Place, count_in
from troth.messages.lookup import find_message
from troth.messages.machines import name_haste
from troth.messages.models import Engaged
from troth.messages.news import Became, MessageNews, outcomes
from troth.messages.segment_conditions import MESSAGES
from troth.messages.tracking import MEASURES, Measured, is_measured
from troth.segments.changes import Changed, mark
from troth.workspaces.models import Workspace

RETENTION = 400 * DAY
"""How long it is kept that somebody opened or clicked."""
FORGOTTEN = 5_000
_MESSAGE_KEY = ("smallint", "bigint", "bigint")
_WRITE = (
    "INSERT INTO messages_engagement (bucket, person_id, message_id, kind, link, workspace_id, source, measured_at, times, first_at, last_at,"
    " machine_times, machine, machine_at) SELECT p.bucket, p.person_id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM people_person p"
    " WHERE p.bucket = %s AND p.person_id = %s"
    " ON CONFLICT (bucket, person_id, message_id, kind, link) DO UPDATE SET times = excluded.times, first_at = excluded.first_at,"
    " last_at = excluded.last_at, machine_times = excluded.machine_times, machine = excluded.machine, machine_at = excluded.machine_at"
)


class Fetch(msgspec.Struct, frozen=True):
    """A mail was opened, or its link followed where `measured` has one; by a `machine` that showed itself, or by nobody we know to be one."""

    measured: Measured
    machine: str
    at: int
    """Milliseconds."""


class SharedFetch(msgspec.Struct, frozen=True):
    """The picture that all recipients of a source share was fetched: nobody knows by whom."""

    workspace_id: int
    source: str
    is_machine: bool
    at: int


class _Mail(NamedTuple):
    bucket: int
    person_id: int
    message_id: int
    workspace_id: int
    source: str
    settled_at: int | None


def note_fetches(fetches: Sequence[Fetch | SharedFetch]) -> None:
    """Note what may be noted, in the order in which it happened, in one transaction."""
    of_mails = [fetch for fetch in fetches if isinstance(fetch, Fetch)]
    shared = [fetch for fetch in fetches if isinstance(fetch, SharedFetch)]
    ids = {fetch.measured.subject.workspace_id for fetch in of_mails} | {fetch.workspace_id for fetch in shared}
    with transaction.atomic():
        workspaces = Workspace.objects.in_bulk(ids)
        if permitted := _choose_permitted(of_mails, workspaces):
            _note(permitted)
        if counted := [one for one in shared if one.workspace_id in workspaces and workspaces[one.workspace_id].counts_opens]:
            _count(counted)


def _choose_permitted(fetches: Sequence[Fetch], workspaces: dict[int, Workspace]) -> list[tuple[_Mail, Engaged, Fetch]]:
    """The fetches that may be noted by now, with the mails they belong to."""
    asked = [
        (fetch, *(MEASURES[1] if fetch.measured.url else MEASURES[0]))
        for fetch in fetches
        if _is_on(workspaces.get(fetch.measured.subject.workspace_id), fetch.measured)
    ]
    mails = _find_mails(fetch.measured for fetch, *_ in asked)
    found = [(mails[one[0].measured.message_id], *one) for one in asked if one[0].measured.message_id in mails]
    facts = load_all_facts((mail.workspace_id, purpose, mail.person_id) for mail, _, _, _, purpose in found)
    return [
        (mail, kind, fetch)
        for mail, fetch, kind, operation, purpose in found
        if decide(facts[mail.workspace_id, purpose, mail.person_id], purpose=purpose, operation=operation, at=fetch.at).allow
    ]


def _is_on(workspace: Workspace | None, measured: Measured) -> bool:
    return workspace is not None and is_measured(workspace, Engaged.CLICK if measured.url else Engaged.OPEN)


def _find_mails(wanted: Iterable[Measured]) -> dict[int, _Mail]:
    """The mails of tokens by their ids; after a merge a mail moved along with its id."""
    by_id = {one.message_id: one.subject for one in wanted}
    rows = select_by_keys(
        "SELECT m.bucket, m.person_id, m.message_id, m.workspace_id, m.source, m.settled_at",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.message_id = k.column3",
        [(subject.bucket, subject.person_id, message_id) for message_id, subject in by_id.items()],
        _MESSAGE_KEY,
    )
    mails = {mail.message_id: mail for mail in map(_Mail._make, rows) if mail.workspace_id == by_id[mail.message_id].workspace_id}
    for message_id in by_id.keys() - mails.keys():
        if moved := find_message(by_id[message_id].workspace_id, message_id):
            mails[message_id] = _Mail(moved.bucket, moved.person_id, message_id, moved.workspace_id, moved.source, moved.settled_at)
    return mails


def _note(permitted: Sequence[tuple[_Mail, Engaged, Fetch]]) -> None:
    held = _read_done({mail for mail, _, _ in permitted})
    changed: dict[tuple[_Mail, Place], tuple[Done, int]] = {}
    for mail, kind, fetch in permitted:
        machine = fetch.machine or name_haste(None if mail.settled_at is None else fetch.at - mail.settled_at)
        rows = held[mail.message_id]
        for place, done in count_in(rows, kind, fetch.measured.url, machine, fetch.at).items():
            rows[place] = done
            changed[mail, place] = (done, fetch.at)
    outcomes.tell(_news(permitted), max(fetch.at for *_, fetch in permitted))
    with connection.cursor() as cursor:
        cursor.executemany(
            _WRITE,
            [
                (
                    mail.message_id,
                    kind.value,
                    link,
                    mail.workspace_id,
                    mail.source,
                    at,
                    *msgspec.structs.astuple(done),
                    mail.bucket,
                    mail.person_id,
                )
                for (mail, (kind, link)), (done, at) in changed.items()
            ],
        )
    mark(Changed(mail.workspace_id, mail.person_id, MESSAGES) for mail, _ in changed)


def _news(permitted: Sequence[tuple[_Mail, Engaged, Fetch]]) -> Iterator[MessageNews]:
    """What persons did; what machines fetched is no news of anybody."""
    for mail, kind, fetch in permitted:
        if not (fetch.machine or name_haste(None if mail.settled_at is None else fetch.at - mail.settled_at)):
            became = Became.CLICKED if kind is Engaged.CLICK else Became.OPENED
            detail = {"url": fetch.measured.url} if fetch.measured.url else {}
            yield MessageNews(became, Subject(mail.workspace_id, mail.person_id), mail.message_id, fetch.at, detail)


def _read_done(mails: Iterable[_Mail]) -> dict[int, dict[Place, Done]]:
    """What was noted of mails so far. On PostgreSQL the rows are locked, in one order for all, so that two processes do not count past each other."""
    lock = "" if is_sqlite() else " ORDER BY e.bucket, e.person_id, e.message_id, e.kind, e.link FOR UPDATE OF e"
    rows = select_by_keys(
        "SELECT e.message_id, e.kind, e.link, e.times, e.first_at, e.last_at, e.machine_times, e.machine, e.machine_at",
        f"JOIN messages_engagement e ON e.bucket = k.column1 AND e.person_id = k.column2 AND e.message_id = k.column3{lock}",
        sorted(mail[:3] for mail in mails),
        _MESSAGE_KEY,
    )
    held: defaultdict[int, dict[Place, Done]] = defaultdict(dict)
    for message_id, kind, link, *done in rows:
        held[message_id][Engaged(kind), link] = Done(*done)
    return held


def _count(fetches: Sequence[SharedFetch]) -> None:
    """By day and without any person."""
    counts = Counter((fetch.workspace_id, fetch.source, fetch.at // DAY, fetch.is_machine) for fetch in fetches)
    insert_rows(
        "INSERT INTO messages_fetchcount (workspace_id, source, day, is_machine, times)",
        [(*key, times) for key, times in sorted(counts.items())],
        "ON CONFLICT (workspace_id, source, day, is_machine) DO UPDATE SET times = messages_fetchcount.times + excluded.times",
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
