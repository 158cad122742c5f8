"""Publishing, pausing and resuming campaigns. What is broken is refused at publish, never found at send.

Publishing makes an immutable template of the mail and keeps trigger, conditions and purpose beside it, so that a draft (`editing`) can be changed
while what was published goes on; each version is kept.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from troth.campaigns.date_planning import begin_planning
from troth.campaigns.editing import CampaignInvalid, CampaignStateWrong, check_conditions, check_purpose, template_of
from troth.campaigns.models import Campaign, CampaignState
from troth.campaigns.purpose_checking import Plan, find_uncovered
from troth.campaigns.rules import SegmentTrigger, never_goes_out, read_rules, read_trigger
from troth.campaigns.versions import keep_version, make_rule, plain_rule
from troth.consent.catalog import load_catalog
from troth.consent.refusing import PurposeNotCovered
from troth.content.errors import ContentError
from troth.content.models import Template
from troth.content.publishing import compile_content, issue_inline, issue_template
from troth.content.reading import Read, reads_of
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.messages.channels.port import Medium
from troth.messages.configured import list_media
from troth.messages.limit_settings import load_limits
from troth.privacy.readiness.impact import AssessmentMissing, find_unassessed
from troth.segments.registry import SegmentUnknown, get_segment


def find_faults(campaign: Campaign) -> list[TrothError]:
    """Everything that publishing the draft would be refused for; nothing is changed."""
    faults: list[TrothError] = []
    for check in (check_purpose, check_conditions, _check_rules, _check_template):
        try:
            check(campaign)
        except TrothError as error:
            faults.append(error)
    return [*faults, *find_uncovered(plan_of(campaign)), *_find_unassessed(campaign)]


def publish_campaign(campaign: Campaign, *, now: int | None = None, author: int = 0) -> Campaign:
    """Check the draft and let the campaign react from now on, which is a moment in milliseconds; by itself the present. `author`: the member's number.

    Raises TemplateInvalid with line and column, TemplateTooExpensive, ConditionInvalid, PurposeUnknown, PurposeNotCovered.
    """
    for fault in find_faults(campaign):
        raise fault
    with transaction.atomic():
        campaign.template_id = _issue(campaign).pk
        campaign.published = plain_rule(campaign)
        campaign.has_changes = False
        campaign.state = CampaignState.PUBLISHED
        campaign.save(update_fields=["template_id", "published", "has_changes", "state", "updated_at"])
        at = now_ms() if now is None else now
        keep_version(campaign, at, author)
        begin_planning(campaign, at)
    return campaign


def pause_campaign(campaign: Campaign) -> Campaign:
    """Stop reacting to events; what is queued goes out. A draft that was never published stays one."""
    if campaign.template_id is not None:
        campaign.state = CampaignState.PAUSED
        campaign.save(update_fields=["state", "updated_at"])
    return campaign


def resume_campaign(campaign: Campaign) -> Campaign:
    """React to events again, as it was published last; a draft edited since then stays a draft.

    Raises CampaignStateWrong for one that was never published, PurposeUnknown when its purpose is gone, PurposeNotCovered when it reads
    data that was assigned to another purpose meanwhile.
    """
    if campaign.published is None:
        raise CampaignStateWrong("This campaign was never published: publish it.")
    load_catalog(campaign.workspace_id).require(campaign.published["purpose"])
    for fault in find_uncovered_now(campaign):
        raise fault
    for unassessed in _find_unassessed(campaign):
        raise unassessed
    with transaction.atomic():
        campaign.state = CampaignState.PUBLISHED
        campaign.save(update_fields=["state", "updated_at"])
        begin_planning(campaign, now_ms())
    return campaign


def _find_unassessed(campaign: Campaign) -> list[AssessmentMissing]:
    """Whoever chooses people by what they are or do profiles them: not before the assessment that is called for is signed (Art. 35)."""
    profiles = campaign.conditions is not None or isinstance(read_trigger(campaign.trigger), SegmentTrigger)
    fault = find_unassessed(campaign.workspace_id) if profiles else None
    return [fault] if fault else []


def _check_rules(campaign: Campaign) -> None:
    rules, quiet = read_rules(campaign.rules or {}), load_limits(campaign.workspace_id).quiet_hours
    rule = load_catalog(campaign.workspace_id).rule(campaign.purpose)
    keeps = (rule is None or rule.is_marketing) if rules.keeps_quiet_hours is None else rules.keeps_quiet_hours
    if keeps and never_goes_out(rules.hours, quiet):
        raise CampaignInvalid("$.rules.hours: they all lie within the workspace's quiet hours: nothing would ever go out. Choose others.")
    trigger = read_trigger(campaign.trigger)
    if isinstance(trigger, SegmentTrigger):
        _check_segment(campaign.workspace_id, trigger.segment, "$.trigger.segment")
    if rules.only_if_in:
        _check_segment(campaign.workspace_id, rules.only_if_in, "$.rules.only_if_in")
    if campaign.trigger is not None and rules.reentry.rule == "once_per_value":
        raise CampaignInvalid("$.rules.reentry: only an event has properties: choose another rule, or an event as the trigger.")


def _check_segment(workspace_id: int, segment_id: int, place: str) -> None:
    try:
        is_kept = not get_segment(workspace_id, segment_id).archived
    except SegmentUnknown:
        is_kept = False
    if not is_kept:
        raise CampaignInvalid(f"{place}: there is no such segment in use: choose another one.")


def _check_template(campaign: Campaign) -> None:
    medium = _medium_of(campaign)
    if medium not in list_media(campaign.workspace_id):
        raise CampaignInvalid("$.rules.medium: no channel of this workspace sends it: set one up in Channels, or choose another.")
    if medium != Medium.EMAIL and not campaign.template_key:
        raise CampaignInvalid("$.template_key: what is no e-mail is a stored short message: choose one.")
    _read_content(campaign)


def _medium_of(campaign: Campaign) -> str:
    return read_rules(campaign.rules or {}).medium


def _read_content(campaign: Campaign) -> list[Read]:
    """What the draft's mail or short message reads, as it would be published. Raises TemplateInvalid with line and column, TemplateTooExpensive, NotPublished."""
    is_mail = _medium_of(campaign) == Medium.EMAIL
    return compile_content(campaign.workspace_id, campaign.template_key, _inline_of(campaign), is_mail=is_mail)[1]


def plan_of(campaign: Campaign) -> Plan:
    """The draft as purpose checking sees it."""
    try:
        reads = _read_content(campaign)
    except ContentError:
        reads = []
    return Plan(
        campaign.workspace_id,
        campaign.purpose,
        campaign.also_for,
        campaign.trigger_event,
        campaign.conditions,
        reads,
        read_trigger(campaign.trigger),
        read_rules(campaign.rules or {}),
    )


def _inline_of(campaign: Campaign) -> dict[str, str]:
    return {"subject": campaign.subject, "html": campaign.html, "text": campaign.text}


def _issue(campaign: Campaign) -> Template:
    """What its messages are rendered from."""
    declared: dict[str, Any] = {"also_for": campaign.also_for, "topic": campaign.topic}
    if campaign.template_key:
        return issue_template(campaign.workspace_id, campaign.template_key, **declared)
    return issue_inline(campaign.workspace_id, _inline_of(campaign), **declared)


def find_uncovered_now(campaign: Campaign) -> list[PurposeNotCovered]:
    """Why nobody gets what was published any more: data that was assigned to another purpose since."""
    template = template_of(campaign)
    if campaign.published is None or template is None:
        return []
    try:
        reads = reads_of(template)
    except ContentError:
        reads = []  # it cannot be rendered either, which is told at the hand-over
    plain = campaign.published
    rule = make_rule(campaign.pk, campaign.workspace_id, template.pk, plain)
    plan = Plan(campaign.workspace_id, rule.purpose, template.also_for, rule.event, rule.conditions, reads, rule.trigger, rule.rules)
    return find_uncovered(plan)
