"""Creating, editing, publishing and pausing campaigns. What is broken is refused at publish, never found at send.

The fields of a campaign are its draft. Publishing makes an immutable template of the mail and keeps trigger, conditions and purpose beside it,
so that a draft can be edited while what was published goes on; each version is kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from troth.campaigns.date_planning import begin_planning
from troth.campaigns.goals import keep_goal
from troth.campaigns.models import Campaign, CampaignState
from troth.campaigns.purpose_checking import Plan, find_uncovered
from troth.campaigns.rules import SegmentTrigger, never_goes_out, read_rules, read_trigger, to_plain
from troth.campaigns.versions import keep_version, make_rule, plain_rule
from troth.consent.catalog import load_catalog
from troth.consent.refusing import PurposeNotCovered
from troth.content.email_template import EmailTemplate
from troth.content.errors import ContentError
from troth.content.library import find_version_id
from troth.content.models import Template
from troth.content.publishing import compile_content, issue_inline, issue_template
from troth.content.reading import Read, reads_of
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.messages.channels.port import Medium
from troth.messages.configured import list_media
from troth.messages.limit_settings import load_limits
from troth.people.event_names import fold_event_name
from troth.privacy.readiness.impact import AssessmentMissing, find_unassessed
from troth.segments.conditions import check_condition
from troth.segments.registry import SegmentUnknown, get_segment

DRAFT = (
    "name",
    "trigger_event",
    "conditions",
    "trigger",
    "rules",
    "purpose",
    "also_for",
    "topic",
    "goal",
    "template_key",
    "subject",
    "html",
    "text",
)
"""What can be edited."""
LONGEST_NAME = 200
LONGEST_EVENT = 255
LONGEST_SUBJECT = 2000
LONGEST_KEY = 64


class CampaignInvalid(TrothError):
    """A campaign that cannot be saved; the message names the field."""


class CampaignUnknown(TrothError):
    """There is no such campaign in the workspace."""


class CampaignStateWrong(TrothError):
    """What cannot be done with a campaign in the state it is in."""


def find_campaign(workspace_id: int, campaign_id: int) -> Campaign:
    """A campaign by its id. Raises CampaignUnknown, also for one of another workspace."""
    found = Campaign.objects.filter(workspace_id=workspace_id, pk=campaign_id).first() if 0 < campaign_id < 2**63 else None
    if found is None:
        raise CampaignUnknown("There is no such campaign in this workspace: check its number.")
    return found


def create_campaign(
    workspace_id: int,
    *,
    name: str,
    trigger_event: str = "",
    purpose: str,
    subject: str = "",
    html: str = "",
    text: str = "",
    template_key: str = "",
    conditions: dict[str, Any] | None = None,
    trigger: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
    also_for: Sequence[str] = (),
    topic: str = "",
    goal: dict[str, Any] | None = None,
) -> Campaign:
    """A draft, triggered by an event unless `trigger` says by what else. Raises CampaignInvalid, RulesInvalid, ConditionInvalid, PurposeUnknown."""
    campaign = Campaign(
        workspace_id=workspace_id,
        name=name,
        trigger_event=trigger_event,
        conditions=conditions,
        trigger=trigger,
        rules=rules or {},
        purpose=purpose,
        also_for=list(also_for),
        topic=topic,
        goal=goal,
        template_key=template_key,
        subject=subject,
        html=html,
        text=text,
    )
    _tidy(campaign)
    campaign.save()
    return campaign


def update_campaign(campaign: Campaign, **changes: Any) -> Campaign:
    """Change the draft; what was published goes on as it is until it is published again. `changes` are fields of DRAFT.

    Raises CampaignInvalid, GoalInvalid, ConditionInvalid, PurposeUnknown.
    """
    unknown = set(changes) - set(DRAFT)
    if unknown:
        raise CampaignInvalid(f"$.{min(unknown)}: this is no field of a draft.")
    with transaction.atomic():
        row = _lock(campaign)
        for field, value in changes.items():
            setattr(row, field, value)
        _tidy(row)
        row.has_changes = _differs(row)
        row.save()
    return row


def find_faults(campaign: Campaign) -> list[TrothError]:
    """Everything that publishing the draft would be refused for; nothing is changed."""
    faults: list[TrothError] = []
    for check in (_check_purpose, _check_conditions, _check_rules, _check_template):
        try:
            check(campaign)
        except TrothError as error:
            faults.append(error)
    return [*faults, *find_uncovered(plan_of(campaign)), *_find_unassessed(campaign)]


def publish_campaign(campaign: Campaign, *, now: int | None = None) -> Campaign:
    """Check the draft and let the campaign react from now on, which is a moment in milliseconds; by itself the present.

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
        keep_version(campaign, at)
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


def delete_campaign(campaign: Campaign) -> None:
    """Remove a draft. Raises CampaignStateWrong for one that was published: its messages name it, so it can only be paused."""
    with transaction.atomic():
        row = _lock(campaign)
        if row.template_id is not None:
            raise CampaignStateWrong("This campaign was published and its messages name it, so it cannot be deleted: pause it.")
        row.delete()


def _lock(campaign: Campaign) -> Campaign:
    """The row as it is now, so that two members who save at once do not undo each other's state."""
    return Campaign.objects.select_for_update().get(pk=campaign.pk, workspace_id=campaign.workspace_id)


def _tidy(campaign: Campaign) -> None:
    """Bring the draft into its form, or refuse it."""
    campaign.name = campaign.name.strip()
    campaign.trigger_event = fold_event_name(campaign.trigger_event)
    if not campaign.name or len(campaign.name) > LONGEST_NAME:
        raise CampaignInvalid(f"$.name: give the campaign a name of at most {LONGEST_NAME} characters.")
    trigger, rules = read_trigger(campaign.trigger), read_rules(campaign.rules or {})
    campaign.trigger, campaign.rules = to_plain(trigger), to_plain(rules)
    if trigger is not None:
        campaign.trigger_event, campaign.conditions = "", None
    elif not campaign.trigger_event or len(campaign.trigger_event) > LONGEST_EVENT:
        raise CampaignInvalid(f"$.trigger_event: name the event that triggers it, with at most {LONGEST_EVENT} characters.")
    if len(campaign.template_key) > LONGEST_KEY:
        raise CampaignInvalid("$.template_key: the key of a stored template, or nothing.")
    if len(campaign.subject) > LONGEST_SUBJECT:
        raise CampaignInvalid(f"$.subject: write at most {LONGEST_SUBJECT} characters.")
    if campaign.conditions is not None and "\\u0000" in json.dumps(campaign.conditions):
        raise CampaignInvalid("$.conditions: a text holds the character NUL: remove it.")
    if any("\0" in getattr(campaign, field) for field in ("name", "trigger_event", "template_key", "subject", "html", "text")):
        raise CampaignInvalid("$: a text holds the character NUL, which no mail may: remove it.")
    campaign.goal = keep_goal(campaign.goal)
    _check_purpose(campaign)
    campaign.also_for = sorted({purpose for purpose in campaign.also_for if purpose != campaign.purpose})
    _check_conditions(campaign)


def _find_unassessed(campaign: Campaign) -> list[AssessmentMissing]:
    """Whoever chooses people by what they are or do profiles them: not before the assessment that is called for is signed (Art. 35)."""
    profiles = campaign.conditions is not None or isinstance(read_trigger(campaign.trigger), SegmentTrigger)
    fault = find_unassessed(campaign.workspace_id) if profiles else None
    return [fault] if fault else []


def _check_purpose(campaign: Campaign) -> None:
    catalog = load_catalog(campaign.workspace_id)
    for purpose in (campaign.purpose, *campaign.also_for):
        catalog.require(purpose)
    topic = catalog.topics.get(campaign.topic)
    if campaign.topic and (topic is None or topic.archived or topic.purpose != campaign.purpose):
        raise CampaignInvalid("$.topic: choose a topic of the campaign's purpose that is in use, or none.")


def _check_conditions(campaign: Campaign) -> None:
    if campaign.conditions is not None:
        check_condition(campaign.conditions, "$.conditions")


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


def mark_behind(workspace_id: int, key: str) -> None:
    """A template was published anew: the campaigns that are made with it go on with the version they have until they are published, too."""
    Campaign.objects.filter(workspace_id=workspace_id, template_key=key, template_id__isnull=False).update(has_changes=True)


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
    template = _template_of(campaign)
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


def _template_of(campaign: Campaign) -> Template | None:
    return Template.objects.filter(pk=campaign.template_id, workspace_id=campaign.workspace_id).first() if campaign.template_id else None


def _differs(campaign: Campaign) -> bool:
    """Whether events would meet something else if the draft were published."""
    if campaign.template_id is None:
        return False
    template = _template_of(campaign)
    if template is None or campaign.published != plain_rule(campaign):
        return True
    if (template.also_for, template.topic) != (campaign.also_for, campaign.topic):
        return True
    if campaign.template_key:
        return template.made_from != find_version_id(campaign.workspace_id, campaign.template_key)
    return template.made_from is not None or template.written_mail != EmailTemplate(campaign.subject, campaign.html, campaign.text)
