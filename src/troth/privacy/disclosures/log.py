"""Writing the disclosure log: set by set, in the transaction that notes that data left.

Only of people who are there: whoever was erased meanwhile is not brought back by what had left before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from troth.kernel.personal_data import Subject
from troth.kernel.sql import select_by_keys
from troth.messages.models import ConfiguredChannel
from troth.messages.news import HandedOver

CHANNEL, WEBHOOK, CONTROLLER, MEMBER = "channel", "webhook", "controller", "member"
TABLE = "privacy_disclosure"
LONGEST_NAME = 200
OWN_RIGHTS = "privacy_rights"
"""The basis of mail about persons' own rights, to them and to whom Art. 19 names: no purpose of the workspace's, a duty of the law (Art. 12, 19)."""
CONFIRMATION = "consent_confirmation"
"""The basis of the mail that asks whether an address is whose it was entered as: without it no consent could be proven (Art. 7(1))."""
DUTIES = (OWN_RIGHTS, CONFIRMATION)
"""What is no purpose of the workspace's but a legal obligation."""
TRIAL = "mail_test"
"""The basis of a test that a member sends of a mail as somebody would get it: that what goes out is right."""
RIGHTS_NOTICE = "rights_notice"
"""What a recipient got that was told of a right (Art. 19): identifiers that it had already, and what it has to do."""


class Went(NamedTuple):
    """Data of a person that left for a recipient."""

    subject: Subject
    kind: str
    recipient_id: int
    name: str
    what: str
    basis: str
    at: int


def note_disclosures(many: Iterable[Went]) -> None:
    """Note what left, inside the caller's transaction; of one recipient, kind of data and purpose the first and last time and how often."""
    times: Counter[tuple[Subject, str, int, str, str]] = Counter()
    last: dict[tuple[Subject, str, int, str, str], Went] = {}
    for one in many:
        key = (one.subject, one.kind, one.recipient_id, one.what, one.basis)
        times[key] += 1
        last[key] = one
    rows = [
        (
            *(one.subject.bucket, one.subject.person_id, one.kind, one.recipient_id, one.what, one.basis),
            *(one.subject.workspace_id, one.name[:LONGEST_NAME], one.at, times[key]),
        )
        for key, one in last.items()
    ]
    _write(sorted(rows))


def _write(rows: Sequence[tuple[Any, ...]]) -> None:
    """The rows of people who are there."""
    if not rows:
        return
    present = set(
        select_by_keys(
            "SELECT p.bucket, p.person_id",
            "JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2 AND p.workspace_id = k.column3",
            sorted({(row[0], row[1], row[6]) for row in rows}),
            ("smallint", "bigint", "bigint"),
        )
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TABLE} (bucket, person_id, kind, recipient_id, what, basis, workspace_id, name, first_at, last_at, times)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (bucket, person_id, kind, recipient_id, what, basis)"
            f" DO UPDATE SET name = excluded.name, last_at = CASE WHEN excluded.last_at > {TABLE}.last_at THEN excluded.last_at"
            f" ELSE {TABLE}.last_at END, times = {TABLE}.times + excluded.times",
            [(*row[:9], row[8], row[9]) for row in rows if (row[0], row[1]) in present],
        )


def hear_handed_over(news: Sequence[HandedOver], now: int) -> None:
    """Messages that left: to whoever runs the channel."""
    labels = dict(ConfiguredChannel.objects.filter(pk__in={one.channel_id for one in news}).values_list("pk", "label"))
    note_disclosures(
        Went(
            one.subject,
            CHANNEL,
            one.channel_id,
            labels.get(one.channel_id, "") or name_of_channel(one.channel_id),
            one.medium,
            one.purpose,
            one.at,
        )
        for one in news
    )


def note_mailed(subjects: Iterable[Subject], now: int, *, basis: str = OWN_RIGHTS) -> None:
    """Mail about persons that is no message of theirs and left at a moment, through the installation's mail server."""
    with transaction.atomic():
        note_disclosures(Went(subject, CHANNEL, 0, name_of_channel(0), "email", basis, now) for subject in subjects)


def note_trial(subject: Subject, member_id: int, address: str, now: int) -> None:
    """A test mail that says what one to this person would say left for a member's mailbox: the mail server and the mailbox have it.

    Of the member's address only the domain is noted: it tells who holds the mail. Who of the controller's people it is, is not part of
    what its person is told (CJEU C-579/21), and stands in the audit log.
    """
    mailbox = f"a member's mailbox at {address.rpartition('@')[2].lower()}"
    with transaction.atomic():
        note_disclosures(
            [
                Went(subject, CHANNEL, 0, name_of_channel(0), "test", TRIAL, now),
                Went(subject, MEMBER, member_id, mailbox, "test", TRIAL, now),
            ]
        )


def name_of_channel(channel_id: int) -> str:
    """What a channel is called that has no label, or none any more."""
    if channel_id:
        return f"channel {channel_id}"
    host = urlsplit(settings.TROTH_EMAIL_URL or "").hostname
    return f"mail server {host}" if host else "the installation's mail server"


def merge(source: Subject, target: Subject) -> int:
    """Carry the log of one person over to another: what both have becomes one row, from the earlier first time to the later last."""
    columns = "kind, recipient_id, what, basis, workspace_id, name, first_at, last_at, times"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (bucket, person_id, {columns}) SELECT %s, %s, {columns} FROM {TABLE} WHERE bucket = %s AND person_id = %s"
            " ON CONFLICT (bucket, person_id, kind, recipient_id, what, basis) DO UPDATE SET"
            f" first_at = CASE WHEN excluded.first_at < {TABLE}.first_at THEN excluded.first_at ELSE {TABLE}.first_at END,"
            f" last_at = CASE WHEN excluded.last_at > {TABLE}.last_at THEN excluded.last_at ELSE {TABLE}.last_at END,"
            f" times = {TABLE}.times + excluded.times",
            [target.bucket, target.person_id, source.bucket, source.person_id],
        )
        cursor.execute(f"DELETE FROM {TABLE} WHERE bucket = %s AND person_id = %s", [source.bucket, source.person_id])
        return int(cursor.rowcount)
