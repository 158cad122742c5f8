"""What came through the machines' doors in the last minutes, kept only while somebody watches: to see why an integration does not work.

Requests hold whatever their senders put in them, so they are kept for 15 minutes at most, and whenever anybody of the workspace is erased all of them
go: a refused request names nobody whom we could look for (Art. 17).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from troth.intake.models import Capture, Watch
from troth.kernel.clock import MINUTE, SECOND
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject, Table
from troth.kernel.sql import insert_rows
from troth.people.event_names import fold_event_name

KEPT = 15 * MINUTE
WATCHED_FOR = 30 * SECOND
"""How long a watch lasts that is not renewed."""
REFUSED = "refused"
"""The outcome of what the door turned away."""
TABLE = Table(model=Capture, times=("at",), json=("understood",), hidden=("capture_id",), order_by="capture_id")
COLUMNS = "bucket, person_id, capture_id, workspace_id, at, source, kind, name, who, status, outcome, reason, raw, is_cut, understood"


def keep_watching(workspace_id: int, now: int) -> None:
    """Have what comes in captured until 30 s from now; the web processes see it within a second."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_watch (workspace_id, until, generation, skipped) VALUES (%s, %s, %s, 0)"
            " ON CONFLICT (workspace_id) DO UPDATE SET until = EXCLUDED.until",
            [workspace_id, now + WATCHED_FOR, _new_generation()],
        )


def read_watches(now: int) -> dict[int, int]:
    """The workspaces that somebody watches, with the generation of their captures."""
    return dict(Watch.objects.filter(until__gt=now).values_list("workspace_id", "generation"))


class Watching(NamedTuple):
    """The generation of a workspace's captures, and how many messages were not captured since it was first watched. 0: nobody watches."""

    generation: int = 0
    skipped: int = 0


def read_watch(workspace_id: int) -> Watching:
    """How a workspace is watched."""
    found = Watch.objects.filter(workspace_id=workspace_id).values_list("generation", "skipped").first()
    return Watching(*found) if found else Watching()


def write_captures(workspace_id: int, generation: int, rows: Sequence[Sequence[Any]], skipped: int) -> None:
    """Keep captures, in the order of COLUMNS, unless somebody was erased since their requests came in: then they might be about them.

    The update holds the row that an erasure would change, so that neither can miss the other.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE intake_watch SET skipped = skipped + %s WHERE workspace_id = %s AND generation = %s",
                [skipped, workspace_id, generation],
            )
            is_current = cursor.rowcount == 1
        if is_current and rows:
            insert_rows(f"INSERT INTO intake_capture ({COLUMNS})", rows, "ON CONFLICT DO NOTHING")


def read_captures(workspace_id: int, *, after: int, limit: int, wanted: Mapping[str, Any] | None = None) -> list[Capture]:
    """Captures of a workspace whose id is greater than `after`, the newest first; of those that `wanted` describes (see `describe`).

    What was sent is not read with them: it may be long.
    """
    found = Capture.objects.filter(workspace_id=workspace_id, capture_id__gt=after).order_by("-capture_id").defer("raw", "understood")
    if wanted:
        if wanted["name"]:
            found = found.filter(name__contains=wanted["name"])
        if wanted["is_refused"]:
            found = found.filter(outcome=REFUSED)
        if wanted["who"]:
            held = Q(bucket__in=[bucket_of(person) for person in wanted["persons"]], person_id__in=wanted["persons"])
            found = found.filter(Q(who=wanted["who"]) | held if wanted["persons"] else Q(who=wanted["who"]))
    return list(found[:limit])


def find_capture(workspace_id: int, capture_id: int) -> Capture | None:
    """One capture, whole; None when it is not kept any more, or another workspace's."""
    return Capture.objects.filter(workspace_id=workspace_id, capture_id=capture_id).first()


def describe(name: str, who: str, persons: Collection[int], is_refused: bool) -> dict[str, Any]:
    """A filter: part of an event's name, an identifier as it is sent with the persons who have it, only what was refused."""
    return {"name": fold_event_name(name) if name else "", "who": who, "persons": tuple(persons), "is_refused": is_refused}


def is_wanted(capture: Capture, wanted: Mapping[str, Any]) -> bool:
    """Whether a filter lets a capture through, as `read_captures` decides in the database."""
    if wanted["is_refused"] and capture.outcome != REFUSED:
        return False
    if wanted["who"] and capture.who != wanted["who"] and capture.person_id not in wanted["persons"]:
        return False
    return wanted["name"] in capture.name


def first_id_at(at: int) -> int:
    """The smallest id of a capture made at an instant (kernel.ids)."""
    return max(0, at) * 1_000 << 11


def erase_captures(subjects: Sequence[Subject]) -> Counter[int]:
    """Delete the captures of persons, and with them all others of their workspaces; what is on its way to the table is not written any more."""
    touched = sorted({subject.workspace_id for subject in subjects})
    with connection.cursor() as cursor:
        for workspace_id in touched:
            cursor.execute("UPDATE intake_watch SET generation = %s WHERE workspace_id = %s", [_new_generation(), workspace_id])
        erased = TABLE.erase(subjects)
        for workspace_id in touched:
            cursor.execute("DELETE FROM intake_capture WHERE workspace_id = %s", [workspace_id])
    return erased


def forget_old_captures(now: int) -> bool:
    """Worker duty: delete what is older than 15 minutes, and watches that nobody renewed for as long."""
    for workspace_id, until in Watch.objects.values_list("workspace_id", "until"):
        with transaction.atomic(), connection.cursor() as cursor:
            over = first_id_at(now - KEPT)
            cursor.execute("DELETE FROM intake_capture WHERE workspace_id = %s AND capture_id < %s", [workspace_id, over])
            if until < now - 2 * KEPT:
                cursor.execute("DELETE FROM intake_watch WHERE workspace_id = %s AND until = %s", [workspace_id, until])
    return False


def _new_generation() -> int:
    return secrets.randbits(62)
