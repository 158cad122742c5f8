"""Art. 19: whoever got a person's data is told of its correction, erasure and restriction, again and again, and silence is shown and chased."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_server import Provider, run_provider
from tests.mail_server import Kept, run_mail_server
from tests.messages.posting import Post
from troth.intake.commands import Identify, Identity
from troth.kernel.clock import DAY, HOUR, MINUTE, iso, now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import find_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.disclosures.log import Went, note_disclosures
from troth.privacy.disclosures.reading import categories_of, export_disclosures, list_disclosures
from troth.privacy.downstream import course
from troth.privacy.downstream.answering import AnswerImpossible, record_answer, take_back, tell_again
from troth.privacy.downstream.chasing import chase_silent, check_recipients, forget_sealed
from troth.privacy.downstream.telling import teller
from troth.privacy.downstream.ways import WayInvalid, set_way
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.models import Processor
from troth.privacy.models.disclosures import NoticeState, RecipientNotice
from troth.privacy.processors.register import register_processor
from troth.privacy.requests import object_for_person, rectify_person, restrict_person
from troth.privacy.searching.verification import verify_erasure
from troth.webhooks.editing import create_webhook
from troth.workspaces.models import Member, User

NOW = now_ms()
S = NoticeState


@pytest.fixture
def receiver() -> Iterator[Provider]:
    with run_provider() as provider:
        yield provider


class House:
    """A workspace with Ann, whose data went to whom a test says."""

    def __init__(self, workspace: Any) -> None:
        self.workspace, self.now = workspace, now_ms()
        self.post = Post(workspace)
        self.post.say(
            Identify(identity=Identity(external_id="ann-4711", email="ann.unique@example.com", phone="+4915112345678"), **self.post.common)
        )
        self.ann = find_person(workspace.pk, "ann-4711")

    def went(
        self, kind: str, number: int, *, name: str = "", what: str = "user_updated", basis: str = "service", subject: Subject | None = None
    ) -> None:
        note_disclosures([Went(subject or self.ann, kind, number, name or f"{kind} {number}", what, basis, self.now)])

    def webhook(self, receiver: Provider) -> int:
        made, _secret = create_webhook(
            self.workspace.pk, url=f"{receiver.url}/art19", types=["user_updated"], purpose="service", name="CRM", now=self.now
        )
        self.went("webhook", made.pk, name="CRM")
        return made.pk

    def processor(self, **given: Any) -> Processor:
        return register_processor(self.workspace.pk, {"name": "Mailer Ltd", **given}, in_use=True, now=1)

    def work(self, span: int = 0) -> None:
        """Time passes, and the worker tells until nothing is due."""
        self.now += span
        for _ in range(10):
            teller.tell_due(self.now)
            teller.wait(10)
            if not teller.tell_due(self.now) and not teller._under_way:
                break

    @property
    def notice(self) -> RecipientNotice:
        return RecipientNotice.objects.get()


@pytest.fixture
def house(workspace: Any, settings: Any) -> House:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    return House(workspace)


def levels(request: Any) -> dict[str, Any]:
    request.refresh_from_db()
    return {level["level"]: level for level in verify_certificate(request.certificate)["levels"]}


def claims(request: Any) -> dict[str, Any]:
    request.refresh_from_db()
    return verify_certificate(request.certificate)


def test_a_webhook_that_got_data_is_told_of_the_erasure_and_a_later_certificate_says_so(house: House, receiver: Provider) -> None:
    house.webhook(receiver)
    request = erase_person(house.ann, now=house.now, source="api")
    assert not levels(request)["L6"]["reached"]
    assert "kept_for_recipients" in claims(request)
    house.work()
    [asked] = receiver.asked
    told = json.loads(asked.body)
    assert told["type"] == "privacy.notice"
    assert told["data"]["right"] == "erasure"
    assert {"kind": "email", "value": "ann.unique@example.com"} in told["data"]["identities"]
    assert asked.headers["webhook-signature"]
    assert levels(request)["L6"]["reached"]
    assert (
        claims(request)["recipients"][0] | {"recipient": "CRM", "answer": "acknowledged", "by": "webhook"}
        == claims(request)["recipients"][0]
    )
    assert "kept_for_recipients" not in claims(request)
    notice = house.notice
    assert (notice.state, notice.sealed, notice.due_at) == (S.DONE, None, None)
    assert notice.answers.get().kind == "taken"


def test_nobody_who_got_nothing_is_told_and_the_certificate_says_that_nobody_is_known(house: House, receiver: Provider) -> None:
    create_webhook(house.workspace.pk, url=receiver.url, types=["user_updated"], purpose="service", now=house.now)
    request = erase_person(house.ann, now=house.now, source="api")
    house.work()
    assert not receiver.asked
    assert levels(request)["L6"]["reached"]
    assert "names nobody" in levels(request)["L6"]["detail"]


def test_a_recipient_is_told_of_a_correction_by_the_old_address_and_with_the_new_one(house: House, receiver: Provider) -> None:
    house.webhook(receiver)
    rectify_person(house.ann, attributes={"city": "Köln"}, email="ann.new@example.com", source="api", now=house.now)
    house.work()
    data = json.loads(receiver.asked[0].body)["data"]
    assert data["right"] == "rectification"
    assert {"kind": "email", "value": "ann.unique@example.com"} in data["identities"]
    assert data["now_known_as"] == [{"kind": "email", "value": "ann.new@example.com"}]
    assert data["corrected"] == {"city": "Köln"}


def test_restriction_and_its_lifting_are_told_and_an_objection_only_to_whom_it_concerns(house: House, receiver: Provider) -> None:
    house.webhook(receiver)
    house.went("channel", 9, what="email", basis="marketing_email")
    restrict_person(house.ann, lift=False, source="api", reason="disputed", now=house.now)
    restrict_person(house.ann, lift=True, source="api", reason="settled", now=house.now, told=True)
    object_for_person(house.ann, purposes=["marketing_email"], source="api", now=house.now)
    house.work()
    assert sorted(json.loads(asked.body)["data"]["right"] for asked in receiver.asked) == ["restriction", "restriction_lifted"]
    mine = RecipientNotice.objects.filter(kind="channel").order_by("opened_at", "right")
    assert sorted((one.right, one.state) for one in mine) == [
        ("objection", S.BY_HAND),
        ("restriction", S.BY_HAND),
        ("restriction_lifted", S.BY_HAND),
    ]


def noted(house: House) -> list[tuple[str, tuple[str, ...], str]]:
    rows = [row for row in list_disclosures(house.ann) if row.basis == "privacy_rights"]
    return sorted((row.name, categories_of(row), row.kind) for row in rows)


def test_whom_telling_a_recipient_showed_the_person_to_stands_in_the_log_by_name(house: House, settings: Any) -> None:
    own = house.processor(channels=[9])
    set_way(own, "mail", "dpo@mailer.example", now=1)
    house.went("channel", 9, what="email")
    for _kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        restrict_person(house.ann, lift=False, source="api", reason="disputed", now=house.now)
        assert noted(house) == [], "nothing left yet"
        house.work()
    told = ("identifiers", "which right was exercised")
    assert noted(house) == [
        ("Mailer Ltd", told, "channel"),
        ("mail server 127.0.0.1", ("e-mail address", "what the message says"), "channel"),
    ]
    [to_whom] = [row for row in export_disclosures(house.ann) if row["data"] == list(told)]
    assert (to_whom["recipient"], to_whom["legal_basis"], to_whom["first_at"]) == ("Mailer Ltd", "legal_obligation", iso(house.now))


def test_a_webhook_that_was_told_of_a_right_is_noted(house: House, receiver: Provider) -> None:
    house.webhook(receiver)
    restrict_person(house.ann, lift=False, source="api", reason="disputed", now=house.now)
    house.work()
    assert noted(house) == [("CRM", ("identifiers", "which right was exercised"), "webhook")]


def test_a_mail_provider_that_was_told_of_a_right_still_knows_a_person_by_their_address_alone(house: House, settings: Any) -> None:
    set_way(house.processor(channels=[9]), "mail", "dpo@mailer.example", now=1)
    house.went("channel", 9, what="email")
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        restrict_person(house.ann, lift=False, source="api", reason="disputed", now=house.now)
        house.work()
        rectify_person(house.ann, attributes={"city": "Köln"}, source="api", now=house.now)
        house.work()
        later = email.message_from_bytes(kept.mails[-1][1], policy=email.policy.default).get_body()
    assert later is not None
    text = later.get_content()
    assert "ann.unique@example.com" in text and "ann-4711" not in text and "Köln" not in text


def test_it_is_tried_again_for_three_days_then_the_silence_is_shown_and_members_are_told_each_week(
    house: House, receiver: Provider, settings: Any
) -> None:
    member = User.objects.create_user("officer@acme.example")
    Member.objects.create(user=member, workspace=house.workspace, role="privacy_officer")
    receiver.answer = lambda asked: (500, {})
    house.webhook(receiver)
    request = erase_person(house.ann, now=house.now, source="api")
    house.work()
    tries = 1
    while (due := house.notice.due_at) is not None:
        assert house.notice.silent_at is None
        house.work(due - house.now)
        tries += 1
    assert house.now >= house.notice.opened_at + 72 * HOUR
    assert 12 < tries < 30
    assert (house.notice.state, house.notice.status) == (S.WAITING, 500)
    assert claims(request)["recipients"][0]["silent_since"]
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        chase_silent(house.now)
        chase_silent(house.now + DAY)
        assert len(kept.mails) == 1
        assert b"CRM, erasure" in kept.mails[0][1]
        assert b"ann" not in kept.mails[0][1].lower().replace(b"and", b"")
        chase_silent(house.now + 7 * DAY)
        assert len(kept.mails) == 2
    receiver.answer = lambda asked: (200, {})
    tell_again(house.notice, now=house.now)
    house.work()
    assert house.notice.state == S.DONE
    chase_silent(house.now + 30 * DAY)
    assert house.notice.chase_at is None


def test_identifiers_are_destroyed_after_thirty_days_and_members_tell_the_recipient_themselves(house: House, receiver: Provider) -> None:
    receiver.answer = lambda asked: (500, {})
    house.webhook(receiver)
    request = erase_person(house.ann, now=house.now, source="api")
    forget_sealed(house.now + 29 * DAY)
    assert house.notice.sealed is not None
    forget_sealed(house.now + 30 * DAY)
    assert (house.notice.sealed, house.notice.state, house.notice.trouble) == (None, S.BY_HAND, "identifiers_destroyed")
    assert "kept_for_recipients" not in claims(request)
    with pytest.raises(AnswerImpossible, match="destroyed"):
        tell_again(house.notice, now=house.now)
    record_answer(house.notice, "done", "letter", user_id=3, now=house.now + 31 * DAY)
    assert levels(request)["L6"]["reached"]
    assert claims(request)["recipients"][0]["recorded_by_a_member"] is True
    with pytest.raises(AnswerImpossible, match="only moves forward"):
        record_answer(house.notice, "in_progress", "phone", user_id=3, now=house.now)


def read(kept: Kept) -> tuple[str, str]:
    mail = email.message_from_bytes(kept.mails[0][1], policy=email.policy.default)
    body = mail.get_body()
    return str(mail["To"]), body.get_content() if body else ""


def test_a_processor_is_told_by_mail_and_what_it_answers_is_recorded(house: House, settings: Any) -> None:
    own = house.processor(channels=[9])
    set_way(own, "mail", "dpo@mailer.example", now=1)
    house.went("channel", 9, what="email")
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        request = erase_person(house.ann, now=house.now, source="api")
        house.work()
        to, text = read(kept)
    assert to == "dpo@mailer.example"
    assert "ann.unique@example.com" in text
    assert "+4915112345678" not in text and "ann-4711" not in text, "a mail provider knows people by their addresses"
    assert str(house.notice.pk) in text
    assert (house.notice.state, house.notice.sealed) == (S.TOLD, None)
    assert claims(request)["recipients"][0]["answer"] == "no answer yet"
    house.work(14 * DAY)
    assert house.notice.silent_at is not None
    record_answer(house.notice, "refused", "mail", user_id=3, now=house.now)
    assert claims(request)["recipients"][0]["answer"] == "refused"
    assert not levels(request)["L6"]["reached"]


def test_without_a_way_it_is_for_members_until_one_is_set(house: House, receiver: Provider) -> None:
    own = house.processor(channels=[9], webhooks=[house.webhook(receiver)])
    house.went("channel", 9, what="email")
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    assert (house.notice.name, house.notice.state, bool(house.notice.silent_at)) == ("Mailer Ltd", S.BY_HAND, True)
    is_well, says = check_recipients(house.now)
    assert not is_well and "1 are silent or for members to tell" in says
    with pytest.raises(AnswerImpossible, match="set one"):
        tell_again(house.notice, now=house.now)
    set_way(own, "webhook", str(own.webhooks[0]), now=1)
    tell_again(house.notice, now=house.now)
    house.work()
    assert house.notice.state == S.DONE
    assert check_recipients(house.now)[0]


def test_whom_telling_is_a_disproportionate_effort_is_not_told_and_the_certificate_says_so(house: House) -> None:
    set_way(house.processor(channels=[9]), "exempt", "keeps nothing beyond the hand-over", now=1)
    house.went("channel", 9, what="email")
    request = erase_person(house.ann, now=house.now, source="api")
    assert (house.notice.state, house.notice.sealed) == (S.EXEMPT, None)
    assert claims(request)["recipients"][0]["answer"] == "not told"
    assert levels(request)["L6"]["reached"]


def test_what_was_still_to_be_told_of_a_living_person_ends_with_their_erasure(house: House) -> None:
    house.went("channel", 9, what="email")
    restrict_person(house.ann, lift=False, source="api", reason="disputed", now=house.now)
    erase_person(house.ann, now=house.now, source="api")
    states = dict(RecipientNotice.objects.values_list("right", "state"))
    assert states == {"restriction": S.CANCELLED, "erasure": S.BY_HAND}
    assert not RecipientNotice.objects.filter(right="restriction", sealed__isnull=False).exists()


def test_what_no_recipient_has_yet_can_be_taken_back(house: House) -> None:
    house.went("channel", 9, what="email")
    restrict_person(house.ann, lift=False, source="api", reason="disputed", now=house.now)
    take_back(house.notice, now=house.now)
    assert (house.notice.state, house.notice.sealed) == (S.CANCELLED, None)
    with pytest.raises(AnswerImpossible, match="taken back"):
        take_back(house.notice, now=house.now)


def test_an_erased_person_is_found_nowhere_while_recipients_are_still_to_be_told(house: House, receiver: Provider) -> None:
    from troth.kernel.sql import is_sqlite

    receiver.answer = lambda asked: (500, {})
    house.webhook(receiver)
    request = erase_person(house.ann, now=house.now, source="api")
    house.work()
    assert house.notice.sealed is not None
    if is_sqlite():
        assert verify_erasure(request).state == "erased", request.steps
        assert levels(request)["L3"]["reached"] and not levels(request)["L6"]["reached"]


def test_a_way_that_cannot_be_is_refused(house: House) -> None:
    own = house.processor(webhooks=[4])
    for way, address in (
        ("mail", "nobody"),
        ("webhook", "5"),
        ("exempt", " "),
        ("opendsr", "http://x.example/v2"),
        ("opendsr", "x"),
        ("pigeon", "1"),
    ):
        with pytest.raises(WayInvalid, match=r"^\$\.(address|way): "):
            set_way(own, way, address, now=1)


FORWARD = st.sampled_from(list(S))


@settings(max_examples=50)
@given(st.lists(FORWARD, max_size=12))
def test_whatever_comes_in_whatever_order_a_notice_only_moves_forward(said: list[NoticeState]) -> None:
    state = S.WAITING
    for one in said:
        before = course.RANK[state]
        if course.moves(state, one):
            state = one
        assert course.RANK[state] >= before
    closed = [one for one in said if one in course.CLOSED]
    assert not closed or state == closed[0]


@given(st.integers(1, 60), st.integers(0, 80 * HOUR))
def test_tries_end_with_a_last_one_when_the_time_is_over(attempts: int, now: int) -> None:
    due = course.next_try(attempts, now, 72 * HOUR)
    assert due is None if now >= 72 * HOUR else due is not None and now < due <= 72 * HOUR and due - now <= 6 * HOUR
    assert MINUTE <= course.next_look(attempts, now) - now <= 12 * HOUR
