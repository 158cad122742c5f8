"""Nothing is overdue without somebody told, and each is told once."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.policy import default
from typing import Any

import pytest

from tests.mail_server import Kept, run_mail_server
from troth.kernel.clock import DAY
from troth.kernel.personal_data import Subject
from troth.people.lookup import load_person
from troth.privacy.checks import check_requests
from troth.privacy.desk import cases
from troth.privacy.desk.reminding import tell_of_terms
from troth.privacy.desk.self_service import bring_to_desk
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestStep, RequestType
from troth.workspaces.models import Member, User, Workspace

BY = By("console")


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


@pytest.fixture
def request_of(dana: Subject) -> PrivacyRequest:
    for name, role in (("owner", "owner"), ("officer", "privacy_officer"), ("marketer", "marketer")):
        user = User.objects.create_user(f"{name}@example.com")
        Member.objects.create(user=user, workspace_id=dana.workspace_id, role=role)
    PrivacyRequest.objects.update(tell_at=None)  # of that which Dana has already
    return cases.open_request(dana, RequestType.ACCESS, by=BY, now=load_person(dana).updated_at + 1_000)


def texts(post: Kept) -> list[tuple[str, str]]:
    found = []
    for recipients, content in post.mails:
        mail = email.message_from_bytes(content, policy=default)
        found.append((recipients[0], f"{mail['Subject']} {mail.get_content()}"))
    post.mails.clear()
    return found


def test_each_stage_is_told_once_and_over_to_everybody_who_answers_for_it(request_of: PrivacyRequest, post: Kept) -> None:
    Workspace.objects.update(privacy_contact="dpo@example.com")
    due = request_of.due_at
    tell_of_terms(due - 7 * DAY - 1)
    assert post.mails == []
    for at, stage, whom in (
        (due - 7 * DAY, "within a week", ["dpo@example.com"]),
        (due - 2 * DAY, "within two days", ["dpo@example.com"]),
        (due + 1, "OVER", ["dpo@example.com", "owner@example.com", "officer@example.com"]),
    ):
        tell_of_terms(at)
        tell_of_terms(at + 1_000)
        told = texts(post)
        assert [recipient for recipient, _text in told] == whom
        assert all(stage in text and str(request_of.pk) in text and "dana" not in text.lower() for _recipient, text in told)
    tell_of_terms(due + 100 * DAY)
    assert post.mails == []
    facts = [step.facts for step in RequestStep.objects.filter(request=request_of, act="tell").order_by("id")]
    assert [(one["stage"], one["mails"]) for one in facts] == [("week", 1), ("days", 1), ("over", 3)]


def test_of_stages_that_passed_while_nobody_worked_only_the_latest_is_told(request_of: PrivacyRequest, post: Kept) -> None:
    tell_of_terms(request_of.due_at + DAY)
    assert [recipient for recipient, _text in texts(post)] == ["owner@example.com", "officer@example.com"]


def test_an_extension_begins_anew_and_an_answer_ends_it(request_of: PrivacyRequest, post: Kept) -> None:
    now = request_of.due_at - 6 * DAY
    tell_of_terms(now)
    assert len(texts(post)) == 2
    take_step(request_of, Step.EXTEND, Said(text="Many records."), by=BY, now=now)
    tell_of_terms(now + 10 * DAY)
    assert post.mails == []
    tell_of_terms(request_of.due_at - 7 * DAY)
    assert len(texts(post)) == 2
    take_step(request_of, Step.REFUSE, Said(text="No."), by=BY, now=request_of.due_at - 6 * DAY)
    tell_of_terms(request_of.due_at + DAY)
    assert post.mails == []


def test_a_question_that_stays_open_is_told_although_the_clock_stands_still(request_of: PrivacyRequest, post: Kept) -> None:
    now = request_of.received_at + DAY
    take_step(request_of, Step.ASK_IDENTITY, Said(text="Your number?"), by=BY, now=now)
    tell_of_terms(now + 13 * DAY)
    assert post.mails == []
    tell_of_terms(now + 14 * DAY)
    tell_of_terms(now + 90 * DAY)
    told = texts(post)
    assert len(told) == 2 and "has not answered" in told[0][1]
    ok, says = check_requests(now + 90 * DAY)
    assert "0 overdue" not in says or ok


def test_a_mail_that_cannot_leave_is_tried_again_and_nothing_counts_as_told(request_of: PrivacyRequest, settings: Any) -> None:
    settings.TROTH_EMAIL_URL = "smtp://127.0.0.1:9"
    due = request_of.due_at
    tell_of_terms(due)
    request_of.refresh_from_db()
    assert request_of.told == "" and request_of.tell_at == due + 15 * 60_000
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        tell_of_terms(due + 15 * 60_000)
        assert len(kept.mails) == 2


def test_without_a_mail_server_the_stage_is_noted_and_doctor_says_what_is_overdue(request_of: PrivacyRequest) -> None:
    tell_of_terms(request_of.due_at + 1)
    request_of.refresh_from_db()
    assert (request_of.told, request_of.tell_at) == ("over", None)
    ok, says = check_requests(request_of.due_at + 1)
    assert not ok and "overdue" in says


def test_what_came_by_itself_is_told_at_once_and_then_as_all_else(request_of: PrivacyRequest, dana: Subject, post: Kept) -> None:
    request_of.delete()
    now = load_person(dana).updated_at + 2_000
    brought = bring_to_desk(dana, RequestType.HUMAN_REVIEW, "Why?", now=now, language="en")
    tell_of_terms(now)
    tell_of_terms(now + 60_000)
    told = texts(post)
    assert len(told) == 2 and "came by itself" in told[0][1] and str(brought.pk) in told[0][1] and "Why?" not in told[0][1]
    tell_of_terms(brought.due_at - 7 * DAY)
    assert "within a week" in texts(post)[0][1]
