"""A campaign's draft and what is published are two things: one is edited while the other goes on."""

from __future__ import annotations

from typing import Any

import pytest

from troth.campaigns.editing import CampaignInvalid, CampaignStateWrong, create_campaign, delete_campaign, update_campaign
from troth.campaigns.models import Campaign, CampaignState
from troth.campaigns.publishing import find_faults, pause_campaign, publish_campaign, resume_campaign
from troth.consent.catalog import PurposeUnknown
from troth.content.models import Template
from troth.intake.actor import fold_inbox
from troth.intake.commands import Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.messages.models import Message
from troth.project.cli import main
from troth.segments.conditions import ConditionInvalid

WHO = Identity(external_id="1", email="dana@example.com")


def draft(workspace: Any, **changes: Any) -> Campaign:
    fields = {"name": "Receipt", "trigger_event": "Bought", "purpose": "service", "subject": "Thanks", "html": "<p>Thanks</p>"}
    return create_campaign(workspace.pk, **{**fields, **changes})


def happen(workspace: Any, event: str, **properties: Any) -> None:
    now = now_ms()
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=WHO, **common), Track(identity=WHO, name=event, ts=now, properties=properties, **common)], now=now)
    fold_inbox(now)


def test_what_was_published_goes_on_while_the_draft_is_edited(workspace: Any) -> None:
    campaign = publish_campaign(draft(workspace))
    changed = update_campaign(
        campaign, trigger_event="Paid", subject="Paid", purpose="marketing_email", conditions={"property": "n", "op": "is_set"}
    )
    assert (changed.state, changed.has_changes) == (CampaignState.PUBLISHED, True)
    happen(workspace, "paid", n=1)
    assert Message.objects.count() == 0
    happen(workspace, "bought")
    drain(now_ms())
    message = Message.objects.get()
    assert (message.purpose, message.rendered["subject"]) == ("service", "Thanks")
    publish_campaign(changed)
    assert not Campaign.objects.get().has_changes
    happen(workspace, "bought")
    assert Message.objects.count() == 1
    happen(workspace, "paid", n=1)
    assert sorted(Message.objects.values_list("purpose", flat=True)) == ["marketing_email", "service"]


def test_a_template_once_published_is_never_changed(workspace: Any) -> None:
    campaign = publish_campaign(draft(workspace))
    publish_campaign(update_campaign(campaign, subject="Another"))
    assert list(Template.objects.order_by("pk").values_list("subject", flat=True)) == ["Thanks", "Another"]


def test_changes_taken_back_are_no_changes(workspace: Any) -> None:
    campaign = publish_campaign(draft(workspace))
    assert update_campaign(campaign, html="<p>x</p>").has_changes
    assert not update_campaign(campaign, html="<p>Thanks</p>").has_changes
    assert not update_campaign(campaign, name="Only a name").has_changes
    assert not update_campaign(draft(workspace), html="<p>x</p>").has_changes


def test_a_paused_campaign_hears_nothing_until_it_is_resumed_as_it_was(workspace: Any) -> None:
    campaign = pause_campaign(publish_campaign(draft(workspace)))
    happen(workspace, "bought")
    assert Message.objects.count() == 0
    campaign = resume_campaign(update_campaign(campaign, subject="Unpublished"))
    assert (campaign.state, campaign.has_changes) == (CampaignState.PUBLISHED, True)
    happen(workspace, "bought")
    drain(now_ms())
    assert Message.objects.get().rendered["subject"] == "Thanks"


def test_only_what_was_published_can_be_resumed_and_only_a_draft_deleted(workspace: Any) -> None:
    own = draft(workspace)
    assert pause_campaign(own).state == CampaignState.DRAFT
    with pytest.raises(CampaignStateWrong):
        resume_campaign(own)
    delete_campaign(own)
    published = publish_campaign(draft(workspace))
    with pytest.raises(CampaignStateWrong):
        delete_campaign(pause_campaign(published))
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": " "}, CampaignInvalid),
        ({"name": "x" * 201}, CampaignInvalid),
        ({"trigger_event": " "}, CampaignInvalid),
        ({"subject": "x" * 2001}, CampaignInvalid),
        ({"html": "a\0b"}, CampaignInvalid),
        ({"conditions": {"property": "p", "op": "equals", "value": "\0"}}, CampaignInvalid),
        ({"conditions": {"property": "p"}}, ConditionInvalid),
        ({"purpose": "nothing"}, PurposeUnknown),
        ({"state": "published"}, CampaignInvalid),
    ],
)
def test_what_cannot_be_saved_is_refused_and_changes_nothing(workspace: Any, change: dict[str, Any], error: type[Exception]) -> None:
    own = draft(workspace)
    with pytest.raises(error):
        update_campaign(own, **change)
    assert Campaign.objects.values("name", "html", "state").get() == {"name": "Receipt", "html": "<p>Thanks</p>", "state": "draft"}


def test_all_faults_are_told_at_once(workspace: Any) -> None:
    own = draft(workspace, html="<p>{% if %}</p>")
    assert find_faults(draft(workspace)) == []
    (fault,) = find_faults(own)
    assert str(fault).startswith("html, line 1")
    own.purpose = "gone"
    assert [type(one).__name__ for one in find_faults(own)] == ["PurposeUnknown", "TemplateInvalid"]


def test_the_commands_list_publish_pause_and_resume_a_campaign(workspace: Any, capsys: pytest.CaptureFixture[str]) -> None:
    own = draft(workspace)
    where = [str(workspace.pk), str(own.pk)]
    for verb, state in (("publish", CampaignState.PUBLISHED), ("pause", CampaignState.PAUSED), ("resume", CampaignState.PUBLISHED)):
        assert main(["campaign", verb, *where]) == 0
        assert Campaign.objects.get().state == state
    update_campaign(Campaign.objects.get(), subject="Another")
    assert main(["campaign", "list", where[0]]) == 0
    assert "Receipt  edited since" in capsys.readouterr().out
    broken = draft(workspace, name="Broken", html="{% if %}")
    assert main(["campaign", "publish", where[0], str(broken.pk)]) != 0
    assert main(["campaign", "pause", where[0], "999999"]) != 0
    assert "no such campaign" in capsys.readouterr().err
