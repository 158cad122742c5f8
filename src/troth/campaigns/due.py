"""Campaigns' messages when they are due: their own limits, and whether they are still wanted. Asked by whoever hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from troth.campaigns.belonging import find_left
from troth.campaigns.date_planning import find_moved
from troth.campaigns.meanwhile import find_ended
from troth.campaigns.naming import describe
from troth.campaigns.rules import DateTrigger
from troth.campaigns.versions import Rule, load_versions
from troth.messages.decisions import Decision
from troth.messages.limits import OwnLimits
from troth.messages.queue import Claim
from troth.messages.sources import SourceKind


def find_limits(claims: Sequence[Claim]) -> Mapping[int, OwnLimits]:
    """What each campaign, as it was published then, says about its messages."""
    return {claim.message_id: limits_of(rule) for claim, rule in _with_rules(claims)}


def limits_of(rule: Rule) -> OwnLimits:
    """The limits of a campaign's own."""
    rules = rule.rules
    return OwnLimits(
        cap=rules.cap.cap if rules.cap else None,
        hours=rules.hours,
        keeps_caps=rules.keeps_caps,
        keeps_quiet_hours=rules.keeps_quiet_hours,
        once_per_address=not rule.event,
    )


def look_again(claims: Sequence[Claim], now: int) -> Mapping[int, Decision]:
    """What happened since they were queued that makes messages pointless, by message."""
    asked = _with_rules(claims)
    found = find_ended(asked, now)
    found |= find_left([(claim, rule.rules.only_if_in) for claim, rule in asked if rule.rules.only_if_in], now)
    return found | find_moved([(claim, rule.trigger) for claim, rule in asked if isinstance(rule.trigger, DateTrigger)], now)


def _with_rules(claims: Sequence[Claim]) -> list[tuple[Claim, Rule]]:
    versions = load_versions(claim.template_id for claim in claims)
    return [(claim, versions[claim.template_id]) for claim in claims if claim.template_id in versions]


ASKED = SourceKind(find_limits=find_limits, look_again=look_again, describe=describe)
