"""Why somebody got a campaign's message or did not (row D2): the chain of decisions, of what was made and of what never came so far.

What was queued tells its own stored decisions. For an event that led to nothing the same pure code runs again that decided then, on the version
that was published then and on what the person had before. And what would happen now is told, with the hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from troth.campaigns import why_words as words
from troth.campaigns.due import limits_of
from troth.campaigns.entering import Gate, Match, load_earlier, source_of
from troth.campaigns.entry import Earlier, Occasion, judge_occasion
from troth.campaigns.models import Campaign, CampaignState, Version
from troth.campaigns.newsletters.chosen import tell_variant
from troth.campaigns.rules import DateTrigger, SegmentTrigger
from troth.campaigns.triggers import make_occasion
from troth.campaigns.versions import Rule, make_rule, rule_of_draft
from troth.campaigns.why_chosen import tell_date, tell_segment
from troth.intake.models import InboxItem
from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject
from troth.kernel.speech import ENGLISH, Speech
from troth.messages.decisions import CAP, HOURS, QUIET_HOURS, TRIGGER
from troth.messages.hours import next_allowed
from troth.messages.limit_settings import load_limits
from troth.messages.limiting import zone_of
from troth.messages.models import Message, State
from troth.messages.sources import describe
from troth.people.models import Event
from troth.people.queries import load_profiles

LATEST = 20
"""Messages, and events, that are told."""
LATEST_DECISIONS = 100
NEWSLETTER = "newsletter:"
"""How the source of a newsletter's message begins."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain. `allow` None: neither for nor against."""

    what: str
    """What decided: `trigger`, `reentry`, `consent`, `unless`, `segment`, `cap`, `hours`, `quiet_hours`, `address`, `expired`, `holdout`, `variant`, `audience`, `hand_over`."""
    allow: bool | None
    says: str
    at: int | None = None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one occasion, or would of one now."""

    about: str
    """`message`: a message was made; `event`: one came and led to none; `nothing`: none came; `now`: what would happen."""
    at: int | None
    says: str
    links: list[Link]
    message_id: int | None = None
    state: str = ""


def tell_why(subject: Subject, campaign: Campaign, now: int) -> list[Story]:
    """The latest that became of a campaign for a person, the newest first; what would happen now stands at the end. Stores nothing."""
    versions = _load_versions(campaign)
    messages = list(
        Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, source=source_of(campaign.pk)).order_by("-message_id")[
            :LATEST
        ]
    )
    stories = [tell_row(subject, message) for message in messages]
    stories += _tell_events(subject, campaign, versions, messages)
    stories.sort(key=lambda story: story.at or 0, reverse=True)
    if not stories:
        stories = [_tell_nothing(versions)]
    return [*stories, _tell_now(subject, campaign, now)]


def tell_message(subject: Subject, message_id: int) -> list[Story]:
    """What decided about one message of a person, whatever made it; nothing when there is none."""
    found = Message.objects.filter(
        bucket=subject.bucket, person_id=subject.person_id, workspace_id=subject.workspace_id, message_id=message_id
    )
    return [tell_row(subject, message) for message in found]


def tell_decisions(subject: Subject, now: int, say: Speech = ENGLISH) -> Iterator[dict[str, Any]]:
    """What was decided about messages to a person, and why, for the answer to a request for access; the latest first, at most a hundred."""
    rows = Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, workspace_id=subject.workspace_id)
    messages = list(rows.order_by("-message_id")[:LATEST_DECISIONS])
    made_by = describe((message.source, message.occurrence, message.template_id) for message in messages)
    for message in messages:
        story = tell_row(subject, message, say)
        kind, _, number = message.source.partition(":")
        source = made_by.get((message.source, message.occurrence, message.template_id))
        name = f"“{source.name}”" if source else number
        yield {
            "about": say(
                "a message by {channel}, made by {source}", channel=say.named(message.channel), source=f"{say.named(kind)} {name}"
            ),
            "at": iso(story.at) if story.at else None,
            "decided": story.says,
            "because": [link.says for link in story.links],
        }


def tell_all(subject: Subject, now: int) -> list[tuple[Campaign, list[Story]]]:
    """The same of every campaign that was published, those edited last first, at most twenty."""
    rows = Campaign.objects.filter(workspace_id=subject.workspace_id, template_id__isnull=False).order_by("-updated_at", "-pk")
    return [(campaign, tell_why(subject, campaign, now)) for campaign in rows[:LATEST]]


def _load_versions(campaign: Campaign) -> list[tuple[int, Rule]]:
    """What was published since when, the newest first."""
    rows = Version.objects.filter(campaign_id=campaign.pk, workspace_id=campaign.workspace_id).order_by("-published_at", "-template_id")
    return [(row.published_at, make_rule(row.campaign_id, row.workspace_id, row.template_id, row.rule)) for row in rows]


def tell_row(subject: Subject, message: Message, say: Speech = ENGLISH) -> Story:
    """What was decided about a message, as it is stored; of a newsletter's also why this variant."""
    links = [
        Link(
            what=words.name_link(said),
            allow=said["allow"],
            says=words.tell_decision(subject.workspace_id, said, say),
            at=said["at"] if said["purpose"] != TRIGGER else _happened_at(message),
        )
        for said in message.decisions
    ]
    if message.source.startswith(NEWSLETTER):
        chosen = tell_variant(message.workspace_id, message.occurrence, message.person_id, say)
        links += [Link(what="variant", allow=None, says=chosen, at=message.created_at)] if chosen else []
    says = words.tell_state(message.state, message.reason, message.due, say)
    if message.state == State.SENT:
        links.append(Link(what="hand_over", allow=True, says=says, at=message.settled_at))
    against = next((link.says for link in reversed(links) if link.allow is False), "") if message.state == State.SKIPPED else ""
    return Story(
        about="message",
        at=_happened_at(message) or message.created_at,
        says=f"{say(words.ENDED['skipped'])} {against}" if against else says,
        links=links,
        message_id=message.message_id,
        state=message.state,
    )


def _happened_at(message: Message) -> int | None:
    return next((said["at"] for said in message.decisions if said["purpose"] == TRIGGER), None)


def _tell_events(
    subject: Subject, campaign: Campaign, versions: Sequence[tuple[int, Rule]], messages: Sequence[Message]
) -> Iterator[Story]:
    """The latest events that could have triggered it and led to no message."""
    names = {rule.event for _, rule in versions if rule.event} | ({campaign.trigger_event} - {""})
    told = {_happened_at(message) for message in messages}
    earlier = _load_had(subject, campaign)
    mine = Event.objects.filter(workspace_id=subject.workspace_id, bucket=subject.bucket, person_id=subject.person_id, name__in=names)
    for event in mine.order_by("-ts")[:LATEST]:
        if event.ts not in told:
            occasion = make_occasion(subject.workspace_id, subject.person_id, event.name, event.ts, 0, dict(event.properties))
            yield _tell_event(versions, occasion, event.received_at, earlier)
    waiting = InboxItem.objects.filter(
        bucket=subject.bucket, person_id=subject.person_id, workspace_id=subject.workspace_id, name__in=names
    )
    for item in waiting[:LATEST]:
        link = Link(what=TRIGGER, allow=None, says="The event is accepted, and is looked at within a second.", at=item.ts)
        yield Story(about="event", at=item.ts, says=link.says, links=[link])


def _tell_event(versions: Sequence[tuple[int, Rule]], occasion: Occasion, received_at: int, had: Sequence[Earlier]) -> Story:
    rule = next((rule for since, rule in versions if since <= received_at), None)
    if rule is None:
        says = words.tell_unpublished(versions[-1][0] if versions else None)
        return Story(about="event", at=occasion.at, says=says, links=[Link(what=TRIGGER, allow=False, says=says, at=occasion.at)])
    before = [one for one in had if one.created_at <= received_at]
    links = [
        Link(what=said.purpose, allow=said.allow, says=words.tell_judged(rule, occasion, said, before), at=received_at)
        for said in judge_occasion(rule, occasion, before, received_at)
    ]
    if links[-1].allow:
        says = "The campaign was paused when the event came."
        links.append(Link(what=TRIGGER, allow=False, says=says, at=received_at))
    return Story(about="event", at=occasion.at, says=links[-1].says, links=links)


def _load_had(subject: Subject, campaign: Campaign) -> list[Earlier]:
    rows = Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, source=source_of(campaign.pk)).exclude(
        state__in=[State.SKIPPED, State.CANCELLED, State.FAILED]
    )
    return [Earlier(created_at, entry) for created_at, entry in rows.values_list("created_at", "entry")]


def _tell_nothing(versions: Sequence[tuple[int, Rule]]) -> Story:
    rule = versions[0][1] if versions else None
    says = words.tell_never_published() if rule is None else words.tell_no_occasion(rule)
    return Story(about="nothing", at=None, says=says, links=[Link(what=TRIGGER, allow=False, says=says)])


def _tell_now(subject: Subject, campaign: Campaign, now: int) -> Story:
    """What would become of an occasion at this moment whose conditions hold: re-entry, consent, hours."""
    rule = _rule_in_force(campaign)
    occasion = Occasion(subject.workspace_id, subject.person_id, now, 0, {}, {}, "event")
    match = Match(rule, occasion)
    links = []
    if campaign.state != CampaignState.PUBLISHED:
        links.append(Link(what=TRIGGER, allow=False, says=words.tell_deaf(campaign.state), at=now))
    bare = rule._replace(conditions=None)
    had = load_earlier([match]).get((rule.campaign_id, subject.person_id), [])
    links += [
        Link(what=said.purpose, allow=said.allow, says=words.tell_judged(rule, occasion, said, had), at=now)
        for said in judge_occasion(bare, occasion, had, now)[1:]
    ]
    gate = Gate([match])
    for verdict in gate.ask(match, now):
        told: dict[str, Any] = msgspec.to_builtins(verdict)
        links.append(Link(what="consent", allow=verdict.allow, says=words.tell_decision(subject.workspace_id, told), at=now))
    links += _tell_chosen(subject, rule, now)
    links += _tell_hours(subject, rule, now, is_marketing=gate.is_marketing(match))
    denied = next((link for link in links if link.allow is False), None)
    says = f"Now they would not get it. {denied.says}" if denied else "Now they would get it, if it is triggered."
    return Story(about="now", at=now, says=says, links=links)


def _tell_chosen(subject: Subject, rule: Rule, now: int) -> Iterator[Link]:
    """What segments and dates say of the person now."""
    if isinstance(rule.trigger, SegmentTrigger):
        _, says = tell_segment(subject, rule.trigger.segment, now)
        yield Link(
            what="segment", allow=None, says=f"{says} It waits for who {'enters' if rule.trigger.on == 'entry' else 'leaves'} it.", at=now
        )
    if isinstance(rule.trigger, DateTrigger):
        attributes = load_profiles([subject.person_id]).get(subject.person_id, ({}, []))[0]
        comes, says = tell_date(subject, rule.trigger, attributes, now)
        yield Link(what="date", allow=None if comes else False, says=says, at=now)
    if rule.rules.only_if_in:
        is_in, says = tell_segment(subject, rule.rules.only_if_in, now)
        yield Link(what="segment", allow=is_in, says=says, at=now)


def _rule_in_force(campaign: Campaign) -> Rule:
    if campaign.published is None:
        return rule_of_draft(campaign)
    return make_rule(campaign.pk, campaign.workspace_id, campaign.template_id or 0, campaign.published)


def _tell_hours(subject: Subject, rule: Rule, now: int, *, is_marketing: bool) -> Iterator[Link]:
    """Why at which hour: the limits that a message would meet, and when it would go out."""
    own, limits = limits_of(rule), load_limits(subject.workspace_id)
    quiet = limits.quiet_hours if (is_marketing if own.keeps_quiet_hours is None else own.keeps_quiet_hours) else None
    if quiet or own.hours:
        zone = zone_of(load_profiles([subject.person_id]).get(subject.person_id, ({}, []))[0], limits)
        until = next_allowed(now, zone, only=own.hours, quiet=quiet)
        name = HOURS if own.hours and next_allowed(now, zone, only=own.hours) != now else QUIET_HOURS
        yield Link(what=name, allow=None if until else False, says=words.tell_hour(name, zone.key, now, until), at=now)
    if (is_marketing if own.keeps_caps is None else own.keeps_caps) and limits.caps:
        yield Link(what=CAP, allow=None, says=words.tell_caps(limits.caps), at=now)
