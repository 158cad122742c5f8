"""Segments as campaigns see them: who enters or leaves one may get a message, and who has to be in one when it is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from troth.campaigns.entering import Match, enter
from troth.campaigns.entry import Occasion
from troth.campaigns.rules import SegmentTrigger
from troth.campaigns.versions import Rule, list_published
from troth.kernel.ids import bucket_of
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.decisions import SEGMENT, Decision
from troth.messages.queue import Claim
from troth.segments.membership import Cause, Change, members_where


def react_to_changes(changes: Sequence[Change], now: int) -> None:
    """Queue a message for each change of membership that triggers a campaign; in the transaction that changes memberships.

    Whoever is in a new segment, or in one that was defined anew, did nothing: that is no occasion.
    """
    done = [change for change in changes if change.cause != Cause.COMPUTATION]
    if not done:
        return
    waiting: dict[tuple[int, int, bool], list[Rule]] = defaultdict(list)
    for rule in list_published({change.workspace_id for change in done}):
        if isinstance(rule.trigger, SegmentTrigger):
            waiting[rule.workspace_id, rule.trigger.segment, rule.trigger.on == "entry"].append(rule)
    enter(
        [
            Match(rule, Occasion(change.workspace_id, change.person_id, now, now, {}, {"trigger": {"at": now}}, "segment"))
            for change in done
            for rule in waiting.get((change.workspace_id, change.segment_id, change.entered), ())
        ],
        now,
    )


def find_members(segment_id: int, people: Iterable[int], now: int) -> set[int]:
    """Those of some persons who are in a segment, and may still be chosen."""
    where, values = members_where(segment_id, now=now)
    keys = [(bucket_of(person_id), person_id) for person_id in sorted(set(people))]
    join = f"JOIN people_person p ON p.bucket = k.column1 AND p.person_id = k.column2 WHERE {where}"
    return {row[0] for row in select_by_keys("SELECT p.person_id", join, keys, PERSON_KEY, values)}


def find_left(claims: Sequence[tuple[Claim, int]], now: int) -> dict[int, Decision]:
    """Against messages whose person has to be in a segment and is not; one read for each segment."""
    asked: dict[int, list[Claim]] = defaultdict(list)
    for claim, segment_id in claims:
        asked[segment_id].append(claim)
    return {
        claim.message_id: Decision(allow=False, purpose=SEGMENT, operation="hand_over", at=now, reason="left", told={"segment": segment_id})
        for segment_id, mine in asked.items()
        for members in [find_members(segment_id, (claim.subject.person_id for claim in mine), now)]
        for claim in mine
        if claim.subject.person_id not in members
    }
