"""Whom a list showed, beside its one entry in the audit log: so that a breach through a key or an account counts persons, and not pages.

It tells that person as well: the answer on access has the lists in which they were shown (Art. 15).
A person stands there as a keyed tag of eight bytes. It is computed from the person's number, which is erased with them: then nobody can tell any
more who it was, and that somebody was shown still counts. Who merged into somebody leaves them their tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection

from troth.kernel.crypto import derive, short_tag
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, insert_rows, is_sqlite, select_by_keys
from troth.workspaces.models import AuditEntry, FormerTag, ShownPeople

BYTES = 8
PAGE = 500
AT_ONCE = 400_000
"""Tags of which it is kept in memory whether they were met."""


def key_of_tags(workspace_id: int) -> bytes:
    """The key of a workspace's tags, to be used for many."""
    return derive(b"shown/v1:%d" % workspace_id)


def tag_of(key: bytes, person_id: int) -> bytes:
    """The tag of a person."""
    return short_tag(key, person_id.to_bytes(8, "big"))[:BYTES]


def note_shown(workspace_id: int, entry_id: int, person_ids: Iterable[int]) -> None:
    """Note whom an act showed, in the transaction that writes its entry."""
    key = key_of_tags(workspace_id)
    tags = sorted({tag_of(key, person_id) for person_id in person_ids})
    ShownPeople.objects.create(entry_id=entry_id, workspace_id=workspace_id, number=len(tags), tags=b"".join(tags))


def keep_former_tag(source: Subject, target: Subject) -> None:
    """Two persons are one from now on: lists that showed the one that goes showed the one that stays. In the transaction of the merge."""
    if not ShownPeople.objects.filter(workspace_id=source.workspace_id).exists():
        return
    tag = tag_of(key_of_tags(source.workspace_id), source.person_id)
    insert_rows(
        f"INSERT INTO {FormerTag._meta.db_table} (bucket, person_id, tag, workspace_id)",
        [(target.bucket, target.person_id, tag, target.workspace_id)],
        "ON CONFLICT DO NOTHING",
    )


def load_former_tags(person_ids: Iterable[int]) -> dict[int, list[bytes]]:
    """The tags that persons had before they merged; whoever has none is absent."""
    rows = select_by_keys(
        "SELECT f.person_id, f.tag",
        f"JOIN {FormerTag._meta.db_table} f ON f.bucket = k.column1 AND f.person_id = k.column2",
        [(bucket_of(person_id), person_id) for person_id in person_ids],
        PERSON_KEY,
    )
    found: dict[int, list[bytes]] = {}
    for person_id, tag in rows:
        found.setdefault(person_id, []).append(bytes(tag))
    return found


def find_lists(workspace_id: int, person_id: int) -> Iterator[AuditEntry]:
    """The acts that showed somebody among others, in their order, as long as they are kept: a page at a time.

    Everything noted in the workspace is searched for their tag, from the index on age; entries that are about one person stand beside that person.
    """
    wanted, after = {tag_of(key_of_tags(workspace_id), person_id), *load_former_tags([person_id]).get(person_id, [])}, 0
    holds = " OR ".join(["instr(tags, %s) > 0" if is_sqlite() else "position(%s IN tags) > 0"] * len(wanted))
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT entry_id, tags FROM {ShownPeople._meta.db_table} WHERE workspace_id = %s AND entry_id > %s AND ({holds})"
                " ORDER BY entry_id LIMIT %s",
                [workspace_id, after, *wanted, PAGE],
            )
            page = cursor.fetchall()
        showed = [entry_id for entry_id, tags in page if not wanted.isdisjoint(split_tags(bytes(tags)))]
        yield from AuditEntry.objects.filter(bucket=0, person_id=0, entry_id__in=showed).order_by("entry_id")
        if len(page) < PAGE:
            return
        after = page[-1][0]


def count_distinct(tags: Iterable[Iterable[bytes]], most: int) -> int:
    """How many different tags there are among at most `most`, in bounded memory: gone through again for each part of them. Pure."""
    parts = 1 + most // AT_ONCE
    found = 0
    for part in range(parts):
        found += len({tag for some in tags for tag in some if int.from_bytes(tag[:4], "big") % parts == part})
    return found


def split_tags(tags: bytes) -> Iterator[bytes]:
    """The tags of one act. Pure."""
    for start in range(0, len(tags), BYTES):
        yield tags[start : start + BYTES]
