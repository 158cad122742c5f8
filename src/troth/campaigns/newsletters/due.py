"""Newsletters' messages when they are due: one mail for each address however many people share it, and none for who left a live audience."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection

from troth.kernel.ids import bucket_of
from troth.messages.decisions import SEGMENT, Decision
from troth.messages.limits import OwnLimits
from troth.messages.needs import NEWSLETTER
from troth.messages.queue import Claim
from troth.messages.sources import SourceKind
from troth.segments.membership import members_where

LIMITS = OwnLimits(once_per_address=True)


def find_limits(claims: Sequence[Claim]) -> Mapping[int, OwnLimits]:
    """The same for all newsletters."""
    return {claim.message_id: LIMITS for claim in claims}


def look_again(claims: Sequence[Claim], now: int) -> Mapping[int, Decision]:
    """Against messages of a live audience whose person is not in the segment any more; one read for each segment."""
    live: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        segment_id = claim.context.get(NEWSLETTER, {}).get("only_in")
        if segment_id is not None:
            live[segment_id].append(claim)
    return {
        claim.message_id: _left(segment_id, now)
        for segment_id, mine in live.items()
        for members in [_find_members(segment_id, {claim.subject.person_id for claim in mine}, now)]
        for claim in mine
        if claim.subject.person_id not in members
    }


def _find_members(segment_id: int, people: set[int], now: int) -> set[int]:
    where, values = members_where(segment_id, now=now)
    keys = [number for person_id in sorted(people) for number in (bucket_of(person_id), person_id)]
    named = ", ".join(["(%s, %s)"] * len(people))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.person_id FROM people_person p WHERE (p.bucket, p.person_id) IN (VALUES {named}) AND {where}", [*keys, *values]
        )
        return {row[0] for row in cursor.fetchall()}


def _left(segment_id: int, now: int) -> Decision:
    return Decision(allow=False, purpose=SEGMENT, operation="hand_over", at=now, reason="left", told={"segment": segment_id})


ASKED = SourceKind(find_limits=find_limits, look_again=look_again)
