"""What a decision proved that is over: the records whose evidence no permission rests on any more, and their going.

A record goes with its salt; its leaf stays in the log, which says that it was erased. Where a person stands is kept beside the records; their no stays known for good.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from troth.consent.decisions import Said
from troth.consent.models import EVERYTHING, ErasedRecord, Purpose, Record, Stance, Standing

GRANTING = (Said.GRANT, Said.SOFT_OPT_IN)
REFUSING = (Said.WITHDRAW, Said.OBJECT, Said.REFUSE)
AT_ONCE = 1_000


def find_ended(workspace_id: int, cutoff: int) -> QuerySet[Record]:
    """The records of a workspace whose matter ended before a moment; over all buckets until a range of them is chosen.

    A consent ends with the person's no, or when it ran out, changed beyond what was agreed, or its purpose was given up; a restriction when it is
    lifted; a no, when the person says yes again. What a standing decision rests on stays, and everything of somebody whose data may only be kept (Art. 18(2)).
    """
    own = {"bucket": OuterRef("bucket"), "person_id": OuterRef("person_id")}
    here = {**own, "purpose": OuterRef("purpose")}
    later = Record.objects.filter(**here, record_id__gt=OuterRef("record_id"), at__lt=cutoff)
    said_no, lifted = Exists(later.filter(decision__in=REFUSING)), Exists(later.filter(decision=Said.LIFT))
    stands = Exists(Stance.objects.filter(**here, record_id=OuterRef("record_id")))
    over = Q(valid_until__lt=cutoff) | _purposes_over(workspace_id, cutoff)
    ran_out = Exists(Stance.objects.filter(over, **here, standing=Standing.GRANTED, record_id__gte=OuterRef("record_id")))
    restricted = Exists(Stance.objects.filter(**own, purpose=EVERYTHING, standing=Standing.REFUSED))
    said_yes = Exists(later.filter(decision__in=GRANTING, valid=True))
    passed = Q(~Q(decision=Said.RESTRICT), said_no) | Q(lifted, decision=Said.RESTRICT) | Q(said_yes, decision__in=REFUSING)
    return Record.objects.filter(Q(passed, ~Q(stands)) | Q(ran_out), ~Q(restricted), workspace_id=workspace_id, leaf__isnull=False)


def _purposes_over(workspace_id: int, cutoff: int) -> Q:
    """Stances on purposes that were given up before a moment, or became others after the person agreed."""
    given_up = Purpose.objects.filter(workspace_id=workspace_id, archived=True, archived_at__gt=0, archived_at__lt=cutoff)
    found = Q(purpose__in=list(given_up.values_list("key", flat=True)))
    changed = Purpose.objects.filter(workspace_id=workspace_id, material_since__gt=0, material_since__lt=cutoff)
    for key, since in changed.values_list("key", "material_since"):
        found |= Q(purpose=key, at__lt=since)
    return found


def forget_records(records: QuerySet[Record]) -> int:
    """Delete records that stand in the log, which learns that they were erased; how many. In a transaction.

    A consent that nothing proves any more can never count again: where the person stands by it becomes `none`.
    """
    keys: list[tuple[int, int, int, int, str, int]] = [
        (row.workspace_id, row.leaf or 0, row.bucket, row.person_id, row.purpose, row.record_id)
        for row in records.only("workspace_id", "leaf", "purpose")
    ]
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        ErasedRecord.objects.bulk_create(
            [ErasedRecord(workspace_id=key[0], record_leaf=key[1]) for key in some],
            ignore_conflicts=True,
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE consent_stance SET standing = {int(Standing.NONE)} WHERE bucket = %s AND person_id = %s AND purpose = %s"
                f" AND record_id = %s AND standing = {int(Standing.GRANTED)}",
                [key[2:] for key in some],
            )
            cursor.executemany(
                "DELETE FROM consent_record WHERE bucket = %s AND person_id = %s AND record_id = %s",
                [(bucket, person_id, record_id) for _, _, bucket, person_id, _, record_id in some],
            )
    return len(keys)
