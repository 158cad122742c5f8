"""The versions of a campaign: what each publishing said, how it differs from another or from the draft, and taking one up again as the draft.

A version is counted by its place among the campaign's publishings, from 1; none is ever removed while the campaign is there. Name and goal take
effect at once, so they are no part of a version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from troth.campaigns.comparing import compare_texts, put_as_text
from troth.campaigns.editing import CampaignUnknown, update_campaign
from troth.campaigns.models import Campaign, Version
from troth.campaigns.versions import plain_rule
from troth.content.library import find_version_id
from troth.content.models import Template

MOST_LISTED = 200
MAIL = ("subject", "html", "text")
WRITTEN = ("trigger_event", "conditions", "trigger", "rules", "purpose", "also_for", "topic", "template_key", *MAIL)
"""What a version keeps of the draft."""


class CampaignVersionUnknown(CampaignUnknown):
    """No such version of a campaign."""

    def __init__(self) -> None:
        super().__init__("There is no such version of this campaign: it counts its publishings, from 1.")


class Listed(NamedTuple):
    """A version in the list."""

    number: int
    at: int
    """Milliseconds."""
    author: int
    """The member's number; 0: a key of the API, or the command line."""


@dataclass(frozen=True)
class Published:
    """A campaign as it was published once."""

    number: int
    published_at: int
    """Milliseconds."""
    is_latest: bool
    written: dict[str, Any]
    """The fields of WRITTEN. The mail is empty where a stored template is sent."""
    template_version: int
    """Of the stored template, as it was sent; 0: the mail was written in the campaign."""
    author: int
    """As `Listed.author`."""

    @property
    def rule(self) -> dict[str, Any]:
        """As `versions.make_rule` takes it."""
        return {name: self.written[name] for name in ("trigger_event", "conditions", "purpose", "trigger", "rules")}


def list_published_versions(campaign: Campaign) -> list[Listed]:
    """Each version, when it was published and by whom, the latest first; at most 200."""
    found = _versions(campaign)
    last = found.count()
    latest = found.order_by("-template_id").values_list("published_at", "author")[:MOST_LISTED]
    return [Listed(last - place, *row) for place, row in enumerate(latest)]


def find_published(campaign: Campaign, number: int) -> Published:
    """A version by its number. Raises CampaignVersionUnknown."""
    found = _versions(campaign)
    row = found.order_by("template_id")[number - 1 : number].first() if 0 < number < 2**31 else None
    if row is None:
        raise CampaignVersionUnknown
    template = Template.objects.get(pk=row.template_id, workspace_id=row.workspace_id)
    stored = Template.objects.filter(pk=template.made_from or 0, workspace_id=row.workspace_id).first()
    mail = template.written_mail
    written = {
        "trigger_event": row.rule["trigger_event"],
        "conditions": row.rule["conditions"],
        "trigger": row.rule.get("trigger"),
        "rules": row.rule.get("rules") or {},
        "purpose": row.rule["purpose"],
        "also_for": template.also_for,
        "topic": template.topic,
        "template_key": stored.key if stored else "",
        **(dict.fromkeys(MAIL, "") if stored else {"subject": mail.subject, "html": mail.html, "text": mail.text}),
    }
    is_latest, version = row.template_id == campaign.template_id, stored.version if stored else 0
    return Published(number, row.published_at, is_latest, written, version, row.author)


def compare_with_draft(campaign: Campaign, before: Published) -> dict[str, list[str]]:
    """What the draft changes against a version: the lines that differ, by field; what is equal is left out."""
    draft = {name: getattr(campaign, name) for name in WRITTEN} | plain_rule(campaign)
    version = 0
    if campaign.template_key:
        draft |= dict.fromkeys(MAIL, "")
        stored = Template.objects.filter(pk=find_version_id(campaign.workspace_id, campaign.template_key)).first()
        version = stored.version if stored else 0
    return _compare(before.written, before.template_version, draft, version)


def compare_published(before: Published, after: Published) -> dict[str, list[str]]:
    """What one version changed against another, as `compare_with_draft`."""
    return _compare(before.written, before.template_version, after.written, after.template_version)


def restore_published(campaign: Campaign, number: int) -> Campaign:
    """Write a version into the draft; nothing is published. Of a stored template the last version is sent, as always.

    Raises CampaignVersionUnknown, and what `update_campaign` raises where it cannot be kept any more, such as PurposeUnknown.
    """
    written = find_published(campaign, number).written
    kept = MAIL if written["template_key"] else ()  # what stands in the draft beside a stored template is not sent
    return update_campaign(campaign, **{name: value for name, value in written.items() if name not in kept})


def _versions(campaign: Campaign) -> Any:
    return Version.objects.filter(workspace_id=campaign.workspace_id, campaign_id=campaign.pk)


def _compare(before: dict[str, Any], version_before: int, after: dict[str, Any], version_after: int) -> dict[str, list[str]]:
    return compare_texts(_as_texts(before, version_before), _as_texts(after, version_after))


def _as_texts(written: dict[str, Any], template_version: int) -> dict[str, str]:
    """Each field in lines; of a stored template its key and the version that is sent."""
    texts = {name: put_as_text(written[name]) for name in WRITTEN}
    if template_version:
        texts["template_key"] += f"\nversion {template_version}"
    return texts
