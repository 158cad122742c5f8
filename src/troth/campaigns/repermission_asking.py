"""The worker's part of re-permission: person by person in batches, who is asked and who is not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db import connection, transaction

from troth.campaigns.models import AskingState, Repermission
from troth.campaigns.repermission import source_of
from troth.consent.catalog import load_catalog
from troth.consent.decisions import load_facts
from troth.consent.gate import Operation, decide
from troth.consent.lacking import find_lack
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.enqueue import NewMessage, enqueue
from troth.messages.models import State

BATCH = 500
ASKED = "asked"
ASKED_BEFORE = "asked_before"
NO_GROUND = "no_ground"


def ask_next(now: int) -> bool:
    """Worker duty: look at one batch of the people of an asking that is under way; True when there may be more."""
    waiting = Repermission.objects.filter(state=AskingState.ASKING).order_by("pk").values_list("pk", flat=True)
    for pk in waiting[:1]:
        with transaction.atomic():
            row = Repermission.objects.select_for_update().get(pk=pk)
            if row.state == AskingState.ASKING:
                _ask_batch(row, now)
        return True
    return False


def _ask_batch(row: Repermission, now: int) -> None:
    people = _next_people(row)
    if people:
        found = _ask(row, [person_id for _, _, person_id in people], now)
        row.counts = {**row.counts, **{name: row.counts.get(name, 0) + number for name, number in found.items()}}
        row.after = list(people[-1])
    if len(people) < BATCH:
        row.state, row.ended_at = AskingState.DONE, now
    row.save(update_fields=["counts", "after", "state", "ended_at"])


def _next_people(row: Repermission) -> list[tuple[int, int, int]]:
    """Who was known when it was started, in the order of the index on age."""
    created_at, bucket, person_id = row.after or (-1, -1, -1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT created_at, bucket, person_id FROM people_person WHERE workspace_id = %s AND created_at <= %s"
            " AND (created_at, bucket, person_id) > (%s, %s, %s) ORDER BY created_at, bucket, person_id LIMIT %s",
            [row.workspace_id, row.started_at, created_at, bucket, person_id, BATCH],
        )
        return list(cursor.fetchall())


def _ask(row: Repermission, people: Sequence[int], now: int) -> Counter[str]:
    """Queue a mail for each who may be asked; the number of people by what was found."""
    about = load_facts(row.workspace_id, people, row.purpose)
    grounds = load_facts(row.workspace_id, people, row.ground)
    ground = load_catalog(row.workspace_id).rule(row.ground)
    before = _asked_before(row, people)
    counts: Counter[str] = Counter()
    messages = []
    for person_id in people:
        may_ask = decide(about[person_id], purpose=row.purpose, operation=Operation.ASK, at=now)
        may_send = decide(grounds[person_id], purpose=row.ground, operation=Operation.MESSAGE, at=now)
        if not may_ask.allow:
            counts[may_ask.reason] += 1
        elif person_id in before:
            counts[ASKED_BEFORE] += 1
        elif not may_send.allow:
            counts[NO_GROUND] += 1
        else:
            counts[ASKED] += 1
            counts[f"{ASKED}:{find_lack(about[person_id], now)}"] += 1
            messages.append(
                NewMessage(
                    subject=Subject(row.workspace_id, person_id),
                    source=source_of(row.pk),
                    occurrence=row.pk,
                    channel="email",
                    purpose=row.ground,
                    is_marketing=ground is None or ground.is_marketing,
                    template_id=row.template_id or 0,
                    due_at=now,
                    context={"ask": {"id": row.pk, "purpose": row.purpose}},
                    verdicts=[may_ask, may_send],
                )
            )
    enqueue(messages, now)
    return counts


def _asked_before(row: Repermission, people: Sequence[int]) -> set[int]:
    """Who had a mail of an earlier asking for the purpose as it is since its last material change."""
    rule = load_catalog(row.workspace_id).rule(row.purpose)
    since = rule.changed_at if rule else 0
    others = Repermission.objects.filter(workspace_id=row.workspace_id, purpose=row.purpose, started_at__gte=since).exclude(pk=row.pk)
    sources = {source_of(pk) for pk in others.values_list("pk", flat=True)}
    if not sources:
        return set()
    keys = [(Subject(row.workspace_id, person_id).bucket, person_id) for person_id in people]
    # The range of sources keeps the read on the key of messages, however many a person got.
    join = "m.bucket = k.column1 AND m.person_id = k.column2 AND m.source > 'repermission:' AND m.source < 'repermission;'"
    rows = select_by_keys(
        "SELECT m.person_id, m.source", f"JOIN messages_message m ON {join} AND m.state <> '{State.CANCELLED}'", keys, PERSON_KEY
    )
    return {person_id for person_id, source in rows if source in sources}
