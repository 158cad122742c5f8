"""Art. 19: whoever got data for what is objected to hears at once that it stands still, and what came of it."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.http_server import Provider, run_provider
from tests.mail_server import run_mail_server
from tests.privacy.test_downstream import House, S
from troth.consent.catalog import forget_catalogs, load_catalog
from troth.consent.models import Purpose
from troth.privacy.certificate import verify_certificate
from troth.privacy.desk import cases
from troth.privacy.desk.carrying_out import Details
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.links import make_follow_token
from troth.privacy.desk.requesters import look_again, take_request
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.downstream.ways import set_way
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.disclosures import RecipientNotice

BY = By("console", 7, "privacy_officer")


@pytest.fixture
def receiver() -> Iterator[Provider]:
    with run_provider() as provider:
        yield provider


class Shop(House):
    """Ann's data went to the CRM for the analysis, which she can object to, and to a mail provider for the service alone."""

    def __init__(self, workspace: Any, receiver: Provider) -> None:
        super().__init__(workspace)
        load_catalog(workspace.pk)
        for key in ("analysis", "risk"):
            Purpose.objects.create(workspace_id=workspace.pk, key=key, name=key.title(), legal_basis="legitimate_interest")
        forget_catalogs()
        self.receiver = receiver
        crm = self.webhook(receiver)
        for basis in ("analysis", "risk"):
            self.went("webhook", crm, name="CRM", basis=basis)
        self.went("channel", 9, what="email")

    def objects(self, *purposes: str) -> PrivacyRequest:
        return cases.open_request(self.ann, RequestType.OBJECTION, by=BY, now=self.now, purposes=purposes or None)

    def step(self, request: PrivacyRequest, step: Step, text: str = "", **details: Any) -> None:
        take_step(request, step, Said(text=text, details=Details(**details)), by=BY, now=self.now)

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        """What the CRM was told, in order: rights, and for which purposes."""
        self.work()
        said = [json.loads(asked.body)["data"] for asked in self.receiver.asked]
        return [(one["right"], one.get("purposes", [])) for one in said]

    @property
    def states(self) -> list[tuple[str, str, str]]:
        return sorted(RecipientNotice.objects.values_list("name", "right", "state"))


@pytest.fixture
def shop(workspace: Any, receiver: Provider, settings: Any) -> Shop:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    return Shop(workspace, receiver)


FROZEN = ("restriction", ["analysis"])


def test_who_got_data_for_what_is_objected_to_is_told_of_the_restriction_at_once_and_nobody_else(shop: Shop) -> None:
    shop.objects("analysis")
    assert shop.told == [FROZEN]
    assert shop.states == [("CRM", "restriction", S.DONE)]


def test_grounds_that_prevail_end_it_and_the_recipient_hears_that_it_is_lifted(shop: Shop) -> None:
    request = shop.objects("analysis")
    assert shop.told == [FROZEN]
    shop.step(request, Step.WEIGH, purposes=("analysis",), finding="Fraud outweighs.", prevails=True)
    assert shop.told == [FROZEN], "weighed is not decided"
    shop.step(request, Step.REFUSE, "We must.")
    assert shop.told == [FROZEN, ("restriction_lifted", ["analysis"])]


def test_honoured_they_hear_of_the_objection_and_what_was_not_meant_is_lifted_with_the_answer(shop: Shop) -> None:
    request = shop.objects()
    assert shop.told == [("restriction", ["analysis", "risk"])]
    shop.step(request, Step.CARRY_OUT, purposes=("analysis",))
    assert shop.told[1:] == [("objection", ["analysis"])]
    shop.step(request, Step.ANSWER, "Done.")
    assert shop.told[2:] == [("restriction_lifted", ["risk"])]


def test_what_another_objection_still_freezes_is_not_told_as_lifted(shop: Shop) -> None:
    first, second = shop.objects("analysis", "risk"), shop.objects("analysis")
    assert sorted(shop.told) == [FROZEN, ("restriction", ["analysis", "risk"])]
    shop.step(first, Step.WITHDRAW)
    assert shop.told[2:] == [("restriction_lifted", ["risk"])]
    shop.step(second, Step.WITHDRAW)
    assert shop.told[3:] == [("restriction_lifted", ["analysis"])]


def test_an_erasure_overtakes_it(shop: Shop) -> None:
    shop.objects("analysis")
    assert shop.told == [FROZEN]
    erase_person(shop.ann, now=shop.now, source="api")
    assert shop.told[1:] == [("erasure", [])]


def test_of_somebody_who_is_not_on_file_recipients_are_told_when_they_are_found(shop: Shop) -> None:
    pk = shop.workspace.pk
    request = take_request(pk, RequestType.OBJECTION, told={}, address="other@example.com", by=BY, now=shop.now, purposes=["analysis"])
    assert shop.told == []
    assert look_again(request, {"external_id": "ann-4711"}, by=BY, now=shop.now)
    assert shop.told == [FROZEN]


def test_who_could_not_be_told_of_it_need_not_be_told_that_it_is_over(shop: Shop) -> None:
    shop.receiver.answer = lambda asked: (410, {})
    request = shop.objects("analysis")
    shop.work()
    assert shop.states == [("CRM", "restriction", S.BY_HAND)]
    shop.step(request, Step.WITHDRAW)
    shop.work()
    assert shop.states == [("CRM", "restriction", S.CANCELLED)]


def test_the_end_of_it_is_never_overtaken_by_its_beginning(shop: Shop) -> None:
    shop.receiver.answer = lambda asked: (500, {})
    request = shop.objects("analysis")
    shop.work()
    shop.receiver.answer = lambda asked: (200, {})
    shop.step(request, Step.WITHDRAW)
    shop.now += 60 * 60_000
    assert shop.told == [FROZEN, ("restriction_lifted", ["analysis"])], "the first did not get through, and is not tried again"
    assert shop.states == [("CRM", "restriction", S.CANCELLED), ("CRM", "restriction_lifted", S.DONE)]


def test_a_mail_names_what_stands_still(shop: Shop, settings: Any) -> None:
    set_way(shop.processor(channels=[9]), "mail", "dpo@mailer.example", now=1)
    shop.went("channel", 9, what="email", basis="analysis")
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        request = shop.objects("analysis")
        shop.work()
        shop.step(request, Step.WITHDRAW)
        shop.work()
        frozen, lifted = (email.message_from_bytes(raw, policy=email.policy.default).get_body() for _, raw in kept.mails)
    assert frozen is not None and lifted is not None
    assert "for the purposes below" in frozen.get_content() and "Purposes: analysis" in frozen.get_content()
    assert "is lifted" in lifted.get_content() and "Purposes: analysis" in lifted.get_content()


def test_the_evidence_and_the_persons_own_page_say_who_was_told_of_what(shop: Shop) -> None:
    request = shop.objects("analysis")
    assert shop.told == [FROZEN]
    page = Client().get(f"/my/request/{make_follow_token(shop.workspace.pk, request.pk)}").content.decode()
    assert "CRM" in page and "told on" in page and "restriction" in page
    shop.step(request, Step.WITHDRAW)
    assert len(shop.told) == 2
    recipients = verify_certificate(make_evidence(request, shop.now))["recipients"]
    assert [(one["recipient"], one["right"], bool(one["told_at"])) for one in sorted(recipients, key=lambda one: one["right"])] == [
        ("CRM", "restriction", True),
        ("CRM", "restriction_lifted", True),
    ]
    page = Client().get(f"/my/request/{make_follow_token(shop.workspace.pk, request.pk)}").content.decode()
    assert "end of the restriction" in page
