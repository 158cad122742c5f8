"""Newsletters' messages when they are due: one mail for each address however many people share it, and none for who left a live audience."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from troth.campaigns.belonging import find_members
from troth.campaigns.newsletters.naming import describe
from troth.messages.decisions import SEGMENT, Decision
from troth.messages.limits import OwnLimits
from troth.messages.needs import NEWSLETTER
from troth.messages.queue import Claim
from troth.messages.sources import SourceKind

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
        for members in [find_members(segment_id, {claim.subject.person_id for claim in mine}, now)]
        for claim in mine
        if claim.subject.person_id not in members
    }


def _left(segment_id: int, now: int) -> Decision:
    return Decision(allow=False, purpose=SEGMENT, operation="hand_over", at=now, reason="left", told={"segment": segment_id})


ASKED = SourceKind(find_limits=find_limits, look_again=look_again, describe=describe)
