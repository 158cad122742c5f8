"""A campaign that reads what was collected for another purpose cannot be published, and where it may, only who agreed gets the mail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evidence import proof_of
from troth.campaigns.editing import create_campaign, update_campaign
from troth.campaigns.models import Campaign, CampaignState
from troth.campaigns.publishing import find_faults, find_uncovered_now, pause_campaign, publish_campaign, resume_campaign
from troth.consent.catalog import PurposeUnknown
from troth.consent.models import Purpose
from troth.consent.purposes import PurposeTerms, assign, create_purpose
from troth.consent.refusing import PurposeNotCovered
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import iso, now_ms
from troth.kernel.worker import drain
from troth.messages.figures import read_reasons
from troth.messages.models import Message, State
from troth.privacy.readiness.impact import sign_assessment

BOTH = ("marketing_email", "behavioural_profiling")


class Shop:
    """A workspace with a purpose for recommendations, for which likes and the event of browsing are collected."""

    def __init__(self, workspace: Any) -> None:
        self.pk: int = workspace.pk
        self.now = now_ms()
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "vero", "received_at": self.now}
        create_purpose(self.pk, "tips", PurposeTerms(name="Recommendations"), now=self.now)
        create_purpose(self.pk, "health", PurposeTerms(name="Health diary", special_category=True), now=self.now)
        sign_assessment(workspace, text="It is fair.", name="Ada", function="DPO", user_id=0, now=self.now)

    def draft(self, **changes: Any) -> Campaign:
        fields = {
            "name": "C",
            "trigger_event": "Bought",
            "purpose": "marketing_email",
            "subject": "Hi",
            "html": "<p>{{ person.likes }}</p>",
        }
        return create_campaign(self.pk, **{**fields, **changes})

    def person(self, name: str, *agrees: str, **attributes: Any) -> Identity:
        who = Identity(external_id=name, email=f"{name}@example.com")
        apply([Identify(identity=who, **self.common)], now=self.now)
        self.says(who, Decision.GRANT, *agrees)
        apply([Identify(identity=who, attributes=attributes, **self.common)], now=self.now)
        return who

    def says(self, who: Identity, decision: Decision, *purposes: str) -> None:
        said = [
            Decide(identity=who, decision=decision, purpose=purpose, evidence=proof_of(decision), **self.common) for purpose in purposes
        ]
        apply(said, now=self.now)

    def buys(self, *people: Identity, event: str = "bought") -> None:
        apply([Track(identity=who, name=event, ts=self.now, properties={"what": "tea"}, **self.common) for who in people], now=self.now)
        fold_inbox(self.now)

    def messages(self) -> list[tuple[str, str]]:
        return list(Message.objects.order_by("message_id").values_list("state", "reason"))


@pytest.fixture
def shop(workspace: Any) -> Shop:
    return Shop(workspace)


def test_a_new_workspace_is_stopped_by_nothing(shop: Shop) -> None:
    html = "{{ person.likes }} {{ person[event.name] }} {{ event.properties.what }} {% for one in person %}{{ one[0] }}{% endfor %}"
    for purpose in ("service", "marketing_email", "open_tracking"):
        publish_campaign(shop.draft(purpose=purpose, html=html, conditions={"property": "what", "op": "is_set"}))


def test_publishing_names_what_was_collected_for_what_and_where_and_the_ways_out(shop: Shop) -> None:
    assign(shop.pk, "attribute", "likes", "tips")
    shop.person("ann", "tips", likes="tea")
    mail = {"subject": "For {{ person.likes }}", "html": "<p>\n {% assign p = user %}{{ p.likes | upcase }}</p>"}
    campaign = shop.draft(**mail)
    with pytest.raises(PurposeNotCovered) as refused:
        publish_campaign(campaign)
    assert str(refused.value) == (
        f"The attribute `likes` is collected for “Recommendations”, through vero since {iso(shop.now)[:10]}; this campaign is for “News and"
        " offers by e-mail”. It is read as `person.likes` (subject, line 1, column 8), `person.likes` (html, line 2, column 26). What people"
        " agreed to for one purpose they did not agree to for another (Art. 5(1)(b) GDPR). Ways out: take it out of the mail; declare that the"
        " campaign is also for “Recommendations”: then only who agreed to that as well gets the mail; publish the campaign for"
        " “Recommendations” instead; assign the attribute to “News and offers by e-mail”, and tell people before (Art. 13(3) GDPR)."
    )
    assert Campaign.objects.get().state == CampaignState.DRAFT
    assert [type(fault) for fault in find_faults(campaign)] == [PurposeNotCovered]


@pytest.mark.parametrize(
    "way_out",
    [
        {"html": "<p>Hello</p>"},
        {"purpose": "tips"},
        {"also_for": ["tips"]},
    ],
)
def test_each_way_out_leads_out(shop: Shop, way_out: dict[str, Any]) -> None:
    assign(shop.pk, "attribute", "likes", "tips")
    campaign = shop.draft()
    assert find_faults(campaign)
    assert publish_campaign(update_campaign(campaign, **way_out)).state == CampaignState.PUBLISHED


def test_assigning_the_attribute_to_the_campaigns_purpose_leads_out_too(shop: Shop) -> None:
    assign(shop.pk, "attribute", "likes", "tips")
    campaign = shop.draft()
    assign(shop.pk, "attribute", "likes", "marketing_email")
    publish_campaign(campaign)


def test_an_event_is_told_by_trigger_and_conditions(shop: Shop) -> None:
    assign(shop.pk, "event", "browsed", "tips")
    campaign = shop.draft(trigger_event="Browsed", html="<p>Hi</p>", conditions={"all": [{"property": "page", "op": "is_set"}]})
    with pytest.raises(
        PurposeNotCovered, match=r"The event `browsed` .* read as the triggering event, `page` \(\$\.conditions\.all\[0\]\.property\)"
    ):
        publish_campaign(campaign)
    assign(shop.pk, "event", "browsed", "behavioural_profiling")
    publish_campaign(campaign)


def test_any_attribute_means_those_of_other_purposes_too(shop: Shop) -> None:
    assign(shop.pk, "attribute", "mood", "health")
    with pytest.raises(PurposeNotCovered, match=r"`mood` .* read as `person\.\*` \(html, line 1, column 4\).*special categories"):
        publish_campaign(shop.draft(html="{{ person[key] }}", also_for=["health"]))
    publish_campaign(shop.draft(html="{{ person.likes }} {{ person.email }}"))


def test_a_purpose_that_is_not_there_cannot_be_declared(shop: Shop) -> None:
    with pytest.raises(PurposeUnknown):
        shop.draft(also_for=["nothing"])
    assert shop.draft(also_for=["tips", "marketing_email", "tips"]).also_for == ["tips"]


def test_who_did_not_agree_to_the_further_purpose_is_left_out_counted_and_told_why(shop: Shop) -> None:
    assign(shop.pk, "attribute", "likes", "tips")
    campaign = publish_campaign(shop.draft(also_for=["tips"]))
    shop.buys(shop.person("ann", *BOTH), shop.person("ben", *BOTH, "tips", likes="tea"))
    assert sorted(shop.messages()) == [(State.QUEUED, ""), (State.SKIPPED, "tips:no_consent")]
    drain(now_ms())
    assert read_reasons(shop.pk, f"campaign:{campaign.pk}", State.SKIPPED, 0) == (1, [("tips:no_consent", 1)])
    skipped, sent = Message.objects.get(state=State.SKIPPED), Message.objects.get(state=State.SENT)
    assert [(v["purpose"], v["allow"]) for v in skipped.decisions] == [
        ("trigger", True),
        ("behavioural_profiling", True),
        ("marketing_email", True),
        ("tips", False),
    ]
    assert [v["purpose"] for v in sent.decisions] == ["trigger", *["behavioural_profiling", "marketing_email", "tips"] * 2]
    assert sent.rendered is not None
    assert "tea" in sent.rendered["html"]


def test_a_declared_purpose_of_which_nothing_is_read_is_not_asked_about(shop: Shop) -> None:
    publish_campaign(shop.draft(also_for=["tips"], html="<p>Hi</p>"))
    shop.buys(shop.person("ann", *BOTH))
    assert shop.messages() == [(State.QUEUED, "")]


@pytest.mark.parametrize("withdrawn", ["tips", "marketing_email", "behavioural_profiling"])
def test_a_withdrawal_reaches_what_is_queued(shop: Shop, withdrawn: str) -> None:
    assign(shop.pk, "attribute", "likes", "tips")
    publish_campaign(shop.draft(also_for=["tips"]))
    ben = shop.person("ben", *BOTH, "tips", likes="tea")
    shop.buys(ben)
    assert shop.messages() == [(State.QUEUED, "")]
    shop.says(ben, Decision.WITHDRAW, withdrawn)
    drain(now_ms())
    assert shop.messages() == [(State.SKIPPED, f"{withdrawn}:withdrawn")]


def test_an_assignment_made_after_publishing_counts_for_what_comes_and_for_what_is_queued(shop: Shop) -> None:
    campaign = publish_campaign(shop.draft())
    ann = shop.person("ann", *BOTH, likes="tea")
    shop.buys(ann)
    assert shop.messages() == [(State.QUEUED, "")]
    assert find_uncovered_now(campaign) == []
    assign(shop.pk, "attribute", "likes", "tips")
    assert "`likes`" in str(find_uncovered_now(campaign)[0])
    drain(now_ms())
    assert shop.messages() == [(State.SKIPPED, "tips:not_covered")]
    shop.buys(ann)
    assert shop.messages() == [(State.SKIPPED, "tips:not_covered")] * 2
    with pytest.raises(PurposeNotCovered):
        resume_campaign(pause_campaign(campaign))
    assign(shop.pk, "attribute", "likes", "service")
    resume_campaign(campaign)
    shop.buys(ann)
    assert shop.messages()[-1] == (State.QUEUED, "")


def test_a_receipt_that_shows_what_somebody_may_refuse_is_held_to_it(shop: Shop) -> None:
    Purpose.objects.filter(workspace_id=shop.pk, key="tips").update(legal_basis="legitimate_interest")
    assign(shop.pk, "attribute", "likes", "tips")
    publish_campaign(shop.draft(purpose="service"))
    ann, ben = shop.person("ann", likes="tea"), shop.person("ben", likes="milk")
    shop.says(ben, Decision.OBJECT, "tips")
    shop.buys(ann, ben)
    assert sorted(shop.messages()) == [(State.QUEUED, ""), (State.SKIPPED, "tips:objected")]


def test_what_is_declared_is_part_of_what_is_published(shop: Shop) -> None:
    assign(shop.pk, "attribute", "likes", "tips")
    campaign = publish_campaign(shop.draft(also_for=["tips"]))
    changed = update_campaign(campaign, also_for=[], html="<p>Hi</p>")
    assert changed.has_changes
    shop.buys(shop.person("ann", *BOTH))
    assert shop.messages() == [(State.SKIPPED, "tips:no_consent")]
    assert not update_campaign(changed, also_for=["tips"], html="<p>{{ person.likes }}</p>").has_changes


def test_the_longest_key_of_a_purpose_fits_into_the_reason(shop: Shop) -> None:
    create_purpose(shop.pk, "x" * 64, PurposeTerms(name="Long"), now=shop.now)
    publish_campaign(shop.draft(purpose="x" * 64))
    ann = shop.person("ann")
    shop.buys(ann)
    assert shop.messages() == [(State.SKIPPED, f"{'x' * 64}:no_consent")]
