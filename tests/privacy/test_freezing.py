"""What somebody objects to stands still from the moment on which they are heard, until the objection is decided (Art. 18(1)(d), 21(1))."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.evidence import GIVEN
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.catalog import PurposeUnknown, forget_catalogs, load_catalog
from troth.consent.decisions import find_frozen, load_facts, load_stances
from troth.consent.gate import Operation, reason_against
from troth.consent.models import Assignment, Purpose, Record, Standing
from troth.intake.actor import fold_inbox
from troth.intake.commands import Alias, Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.kernel.worker import drain
from troth.messages.models import Message
from troth.pages.receipt_links import ReceiptLink, seal_link
from troth.people.lookup import find_person
from troth.privacy.desk import cases
from troth.privacy.desk.carrying_out import Details
from troth.privacy.desk.freezing import list_frozen, reached_purposes
from troth.privacy.desk.requesters import look_again, take_request
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.desk.telling import draft
from troth.privacy.history import By, read_history
from troth.privacy.models import PrivacyRequest, RequestType
from troth.segments.membership import list_members
from troth.segments.models import Segment
from troth.segments.registry import create_segment

BY = By("console", 7, "privacy_officer")
DANA = Identity(external_id="dana", email="dana@example.com")


class Shop:
    """A workspace that analyses and writes on a legitimate interest, and Dana, who shops there."""

    def __init__(self, workspace: Any) -> None:
        self.pk = workspace.pk
        self.now = now_ms()
        load_catalog(self.pk)
        for key, basis, marketing in (("analysis", "legitimate_interest", False), ("post", "legitimate_interest", True)):
            Purpose.objects.create(workspace_id=self.pk, key=key, name=key.title(), legal_basis=basis, is_marketing=marketing)
        for kind, name in (("attribute", "plan"), ("event", "bought")):
            Assignment.objects.create(workspace_id=self.pk, kind=kind, name=name, purpose="analysis")
        forget_catalogs()
        self.common: dict[str, Any] = {"workspace_id": self.pk, "source": "segment", "received_at": self.now}
        apply([Identify(identity=DANA, attributes={"plan": "pro"}, **self.common)], now=self.now)
        self.dana = find_person(self.pk, "dana")

    def objects(self, *purposes: str, **more: Any) -> PrivacyRequest:
        return cases.open_request(self.dana, RequestType.OBJECTION, by=BY, now=self.now, purposes=purposes or None, **more)

    def weigh(self, request: PrivacyRequest, *purposes: str) -> None:
        details = Details(purposes=purposes, finding="Fraud outweighs.", prevails=True)
        take_step(request, Step.WEIGH, Said(details=details), by=BY, now=self.now)

    def says(self, decision: Decision, purpose: str, **more: Any) -> None:
        apply([Decide(identity=DANA, decision=decision, purpose=purpose, **more, **self.common)], now=self.now)

    def reason(self, purpose: str = "analysis") -> str:
        return reason_against(load_facts(self.pk, [self.dana.person_id], purpose)[self.dana.person_id], Operation.PROFILE, self.now)


@pytest.fixture
def shop(workspace: Any) -> Shop:
    return Shop(workspace)


def test_an_objection_that_waits_at_the_desk_freezes_what_it_names_and_nothing_else(shop: Shop) -> None:
    request = shop.objects("analysis")
    assert (request.state, request.identity) == ("received", ""), "nobody has acted, and who asks is not checked"
    assert (shop.reason(), shop.reason("post"), shop.reason("service")) == ("objected", "", "")
    assert list_frozen(request) == ["analysis"]
    [record] = Record.objects.filter(workspace_id=shop.pk)
    assert (record.decision, record.purpose) == ("restrict", "analysis") and "18(1)(d)" in record.evidence["reason"]
    assert [step.act for step in read_history(request)] == ["open", "freeze"]


def test_one_that_names_nothing_freezes_all_that_one_can_object_to_and_no_contract(shop: Shop) -> None:
    shop.says(Decision.GRANT, "open_tracking", evidence=GIVEN)
    request = shop.objects()
    assert list_frozen(request) == ["analysis", "behavioural_profiling", "marketing_email", "post"]
    assert (shop.reason("service"), shop.reason("open_tracking")) == ("", "")


def test_a_contract_that_somebody_names_is_taken_and_goes_on(shop: Shop) -> None:
    request = shop.objects("service", "analysis")
    assert list_frozen(request) == ["analysis"]


def test_what_is_queued_is_skipped_and_says_why(shop: Shop) -> None:
    made = create_campaign(shop.pk, name="R", trigger_event="bought", purpose="analysis", subject="s", html="<p>h</p>")
    publish_campaign(made)
    shop.says(Decision.GRANT, "behavioural_profiling", evidence=GIVEN)
    apply([Track(identity=DANA, name="bought", ts=shop.now, **shop.common)], now=shop.now)
    fold_inbox(shop.now)
    assert Message.objects.get(workspace_id=shop.pk).state == "queued"
    request = shop.objects("analysis")
    drain(now_ms())
    message = Message.objects.get(workspace_id=shop.pk)
    assert (message.state, message.reason) == ("skipped", "analysis:objected")
    shop.weigh(request, "analysis")
    take_step(request, Step.REFUSE, Said(text="We must."), by=BY, now=now_ms())
    apply([Track(identity=DANA, name="bought", ts=shop.now, **shop.common)], now=shop.now)
    fold_inbox(now_ms())
    assert {row.state for row in Message.objects.filter(workspace_id=shop.pk)} == {"skipped", "queued"}


def test_they_leave_the_segments_of_that_purpose_and_come_back_when_grounds_prevail(shop: Shop) -> None:
    has_plan = {"attribute": "plan", "op": "equals", "value": "pro"}
    segment = create_segment(shop.pk, name="S", definition=has_plan, purpose="analysis", now=shop.now)

    def is_member() -> bool:
        drain(now_ms())
        return shop.dana.person_id in {person_id for person_id, _ in list_members(Segment.objects.get(pk=segment.pk), limit=10)}

    assert is_member()
    request = shop.objects("analysis")
    assert not is_member()
    shop.weigh(request, "analysis")
    assert not is_member(), "weighed is not told"
    take_step(request, Step.REFUSE, Said(text="We must."), by=BY, now=shop.now)
    assert is_member()


def test_grounds_that_prevail_are_told_before_it_goes_on_and_the_record_says_so(shop: Shop) -> None:
    request = shop.objects("analysis", language="en")
    with pytest.raises(cases.ReasonMissing, match="Weigh"):
        take_step(request, Step.REFUSE, Said(text="No."), by=BY, now=shop.now)
    shop.weigh(request, "analysis")
    assert shop.reason() == "objected"
    letter = draft(request, "refuse", shop.now, words="Fraud outweighs.").text
    assert "That ends with this letter" in letter
    take_step(request, Step.REFUSE, Said(text=letter), by=BY, now=shop.now)
    assert (request.state, shop.reason(), list_frozen(request)) == ("refused", "", [])
    lifted = Record.objects.get(workspace_id=shop.pk, decision="lift")
    assert (lifted.purpose, lifted.evidence["person_told_before"]) == ("analysis", True)
    assert [step.act for step in read_history(request)] == ["open", "freeze", "weigh", "refuse", "unfreeze"]


def test_an_objection_that_is_honoured_stays_for_good(shop: Shop) -> None:
    request = shop.objects("analysis")
    take_step(request, Step.CARRY_OUT, Said(), by=BY, now=shop.now)
    assert request.steps["purposes"] == ["analysis"], "what the person named, without naming it again"
    take_step(request, Step.ANSWER, Said(text="Done."), by=BY, now=shop.now)
    assert (request.state, shop.reason(), list_frozen(request)) == ("done", "objected", [])
    assert list(Record.objects.order_by("record_id").values_list("decision", flat=True)) == ["restrict", "object"]


def test_what_was_not_meant_goes_on_with_the_answer_as_it_stood_before(shop: Shop) -> None:
    shop.says(Decision.GRANT, "marketing_email", evidence=GIVEN)
    before = load_facts(shop.pk, [shop.dana.person_id], "marketing_email")
    request = shop.objects()
    assert shop.reason("marketing_email") == "withdrawn"
    take_step(request, Step.CARRY_OUT, Said(details=Details(purposes=("analysis",))), by=BY, now=shop.now)
    assert shop.reason("marketing_email") == "withdrawn", "nobody told the person yet"
    take_step(request, Step.ANSWER, Said(text="Done."), by=BY, now=shop.now)
    assert load_facts(shop.pk, [shop.dana.person_id], "marketing_email") == before
    assert shop.reason() == "objected"


def test_taken_back_by_the_person_it_goes_on(shop: Shop) -> None:
    request = shop.objects("analysis")
    take_step(request, Step.WITHDRAW, Said(text="Never mind."), by=BY, now=shop.now)
    assert shop.reason() == ""


def test_what_the_person_stopped_before_or_meanwhile_is_never_lifted(shop: Shop) -> None:
    shop.says(Decision.OBJECT, "post")
    request = shop.objects("analysis", "post")
    assert list_frozen(request) == ["analysis"]
    shop.says(Decision.OBJECT, "analysis")
    take_step(request, Step.WITHDRAW, Said(), by=BY, now=shop.now)
    assert (shop.reason(), shop.reason("post")) == ("objected", "objected")


def test_it_stays_frozen_while_another_objection_to_it_is_open(shop: Shop) -> None:
    first, second = shop.objects("analysis"), shop.objects("analysis")
    take_step(first, Step.WITHDRAW, Said(), by=BY, now=shop.now)
    assert shop.reason() == "objected"
    take_step(second, Step.WITHDRAW, Said(), by=BY, now=shop.now)
    assert shop.reason() == ""


def test_each_named_purpose_is_weighed_before_a_refusal(shop: Shop) -> None:
    Purpose.objects.create(workspace_id=shop.pk, key="risk", name="Risk", legal_basis="public_task")
    forget_catalogs()
    request = shop.objects("analysis", "risk")
    shop.weigh(request, "analysis")
    with pytest.raises(cases.ReasonMissing, match="risk"):
        take_step(request, Step.REFUSE, Said(text="No."), by=BY, now=shop.now)
    shop.weigh(request, "risk")
    take_step(request, Step.REFUSE, Said(text="No."), by=BY, now=shop.now)
    assert (shop.reason(), shop.reason("risk")) == ("", "")


def test_of_somebody_who_is_not_on_file_it_counts_when_they_are_found(shop: Shop) -> None:
    request = take_request(shop.pk, RequestType.OBJECTION, told={}, address="other@example.com", by=BY, now=shop.now, purposes=["analysis"])
    assert shop.reason() == ""
    assert look_again(request, {"external_id": "dana"}, by=BY, now=shop.now)
    assert (shop.reason(), list_frozen(request)) == ("objected", ["analysis"])


def test_the_restriction_follows_when_persons_become_one_and_what_one_of_them_said_lasts(shop: Shop) -> None:
    ann = Identity(external_id="ann")
    apply(
        [Identify(identity=ann, **shop.common), Decide(identity=ann, decision=Decision.OBJECT, purpose="post", **shop.common)], now=shop.now
    )
    request = shop.objects("analysis", "post")
    apply([Alias(identity=DANA, previous=ann, **shop.common)], now=shop.now)
    shop.dana = find_person(shop.pk, "dana")
    assert (shop.reason(), shop.reason("post")) == ("objected", "objected")
    request.refresh_from_db()
    take_step(request, Step.WITHDRAW, Said(), by=BY, now=shop.now)
    assert (shop.reason(), shop.reason("post")) == ("", "objected")


def test_a_purpose_of_its_own_is_restricted_and_not_the_person(shop: Shop) -> None:
    shop.objects("analysis")
    stances = load_stances([shop.dana.person_id])[shop.dana.person_id]
    assert stances == {"analysis": Standing.REFUSED}
    assert find_frozen(Subject(shop.pk, shop.dana.person_id), ["analysis", "post"]) == ["analysis"]


def test_a_purpose_that_does_not_exist_is_not_taken(shop: Shop) -> None:
    with pytest.raises(PurposeUnknown):
        shop.objects("nothing")
    assert not PrivacyRequest.objects.filter(workspace_id=shop.pk).exists()
    assert reached_purposes(load_catalog(shop.pk), ["service"]) == []


def test_the_receipt_says_what_stands_still_and_not_that_everything_does(shop: Shop) -> None:
    request = shop.objects("analysis")
    take_step(request, Step.WITHDRAW, Said(), by=BY, now=shop.now)
    frozen, lifted = Record.objects.filter(workspace_id=shop.pk).order_by("record_id")
    pages = []
    for record in (frozen, lifted):
        token = seal_link(ReceiptLink(shop.pk, record.person_id, record.record_id))
        pages.append(Client().get(f"/r/{token}").content.decode())
    assert "your data is not used for this" in pages[0] and "nothing else may be done" not in pages[0]
    assert "goes on" in pages[1] and "Analysis" in pages[1]
