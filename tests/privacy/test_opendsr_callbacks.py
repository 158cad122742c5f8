"""Callbacks: controllers are told of every state, signed, in order, until they take it; after 72 hours a member is told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.authority import Authority
from tests.http_server import Asked, Provider, run_provider
from tests.mail_server import run_mail_server
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE, iso, now_ms
from troth.people.lookup import find_person
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestState, RequestStep
from troth.privacy.models.opendsr import OpendsrCallback
from troth.privacy.opendsr import callback_queue, following, receiving, revocation
from troth.privacy.opendsr.callback_courier import Courier
from troth.privacy.opendsr.certificates import check_certificate
from troth.privacy.opendsr.checks import check_opendsr
from troth.privacy.opendsr.raising import raise_undelivered
from troth.privacy.opendsr.signatures import verify
from troth.privacy.opendsr.statuses import OUTSIDE, is_after, status_of
from troth.privacy.states import TABLE, Act

DOMAIN = "opendsr.example.com"
MAIL = "dana@example.com"
CONSOLE = By("console")


class Party:
    """Troth on one side, a controller with an HTTPS server on the other, and time as a test says."""

    def __init__(self, workspace: Any, receiver: Provider) -> None:
        self.workspace, self.receiver, self.now = workspace, receiver, now_ms()
        self.courier = Courier()

    def ask(self, kind: str = "access", mail: str = MAIL, urls: list[str] | None = None) -> PrivacyRequest:
        body = {
            "regulation": "gdpr",
            "subject_request_id": str(uuid.uuid4()),
            "subject_request_type": kind,
            "submitted_time": iso(self.now - HOUR),
            "subject_identities": [{"identity_type": "email", "identity_value": mail, "identity_format": "raw"}],
            "status_callback_urls": [self.receiver.url + "/callbacks"] if urls is None else urls,
        }
        receiving.receive(self.workspace.pk, 1, json.dumps(body).encode(), "2.0", self.now)
        return PrivacyRequest.objects.get(opendsr__request__subject_request_id=body["subject_request_id"])

    def take(self, case: PrivacyRequest, step: Step, **said: Any) -> None:
        take_step(case, step, Said(**said), by=CONSOLE, now=self.now)

    def deliver(self, span: int = 0) -> list[Asked]:
        """Time passes, and the worker tells until nothing is due; what the other side was asked meanwhile."""
        self.now += span
        before = len(self.receiver.asked)
        for _ in range(20):
            self.courier.tell_due(self.now)
            self.courier.wait(10)
            if not self.courier.tell_due(self.now) and not self.courier._under_way:
                break
        return self.receiver.asked[before:]

    def told(self, span: int = 0) -> list[str]:
        return [asked.json["request_status"] for asked in self.deliver(span)]


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Authority:
    made = Authority()
    settings.TROTH_OPENDSR_ROOTS = made.write_root(tmp_path)
    settings.TROTH_OPENDSR_URL = f"https://{DOMAIN}"
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    made.issue(DOMAIN).install(tmp_path, settings)
    revocation.forget_answers()
    return made


@pytest.fixture
def party(workspace: Any, authority: Authority, tmp_path: Path) -> Iterator[Party]:
    now = now_ms()
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id="dana", email=MAIL), **about)], now=now)
    tls = authority.issue("controller.example", address="127.0.0.1").tls(tmp_path)
    with run_provider(lambda asked: (202, {}), tls=tls) as receiver:
        yield Party(workspace, receiver)


def test_every_state_is_told_in_order_signed_and_with_the_results(party: Party, authority: Authority) -> None:
    case = party.ask()
    assert party.deliver() == [], "the receipt told that it is pending"
    party.take(case, Step.CARRY_OUT)
    first, second = party.deliver()
    assert [one.json["request_status"] for one in (first, second)] == ["in_progress", "completed"]
    pem = authority.issue(DOMAIN).pem  # the same key
    for asked in (first, second):
        assert asked.path == "/callbacks"
        assert asked.headers["x-opendsr-processor-domain"] == DOMAIN
        assert verify(asked.body, asked.headers["x-opendsr-signature"], pem)
        assert {"controller_id", "status_callback_url", "subject_request_id", "expected_completion_time"} <= set(asked.json)
        assert MAIL.encode() not in asked.body
    assert check_certificate(pem, DOMAIN, party.now)
    assert "results_url" not in first.json
    assert second.json["results_url"].startswith(f"https://{DOMAIN}/v2/requests/")
    assert party.deliver(DAY) == []


def test_every_address_is_told_and_one_that_fails_holds_up_only_itself(party: Party) -> None:
    case = party.ask(urls=[party.receiver.url + "/good", party.receiver.url + "/bad"])
    party.receiver.answer = lambda asked: (500 if asked.path == "/bad" else 202, {})
    party.take(case, Step.CARRY_OUT)
    tried = [(asked.path, asked.json["request_status"]) for asked in party.deliver()]
    assert sorted(tried) == [("/bad", "in_progress"), ("/good", "completed"), ("/good", "in_progress")]
    party.receiver.answer = lambda asked: (202, {})
    assert party.told(MINUTE) == ["in_progress", "completed"], "in order, now that it takes them"


@pytest.mark.parametrize("status", [400, 401, 403, 302, None])
def test_whatever_is_no_2xx_is_tried_again(party: Party, status: int | None) -> None:
    case = party.ask()
    party.receiver.next_answers = [None if status is None else (status, {})]
    party.take(case, Step.REFUSE, text="A court forbids it.")
    assert party.told() == ["cancelled"]
    assert OpendsrCallback.objects.get().state == "waiting"
    again = party.deliver(MINUTE)
    assert [asked.json["request_status"] for asked in again] == ["cancelled"]
    assert again[0].json["extensions"] == {DOMAIN: {"reason": "refused"}}, "what the refusal says is for whoever asks with the key"
    assert OpendsrCallback.objects.get().state == "delivered"


def test_after_72_hours_of_trying_a_member_is_told(party: Party, settings: Any) -> None:
    party.receiver.answer = lambda asked: (503, {})
    case = party.ask()
    party.take(case, Step.REFUSE, text="No.")
    started, tries = party.now, 0
    while OpendsrCallback.objects.get().state == "waiting":
        tries += len(party.deliver(max(0, OpendsrCallback.objects.get().due_at - party.now)))
        assert party.now < started + 80 * HOUR
    assert party.now - started >= callback_queue.TRIED_FOR
    assert 15 < tries < 30
    party.workspace.privacy_contact = "officer@acme.example"
    party.workspace.save()
    with contextmanager(run_mail_server)() as (kept, url):
        settings.TROTH_EMAIL_URL = url
        raise_undelivered(party.now)
        raise_undelivered(party.now)
    [(recipients, mail)] = kept.mails
    assert recipients == ["officer@acme.example"]
    assert b"could not be told" in mail
    assert MAIL.encode() not in mail
    assert [step.facts for step in RequestStep.objects.filter(request=case, act="callback")] == [
        {"not_delivered": "cancelled", "tries": tries}
    ]
    ok, says = check_opendsr(party.now)
    assert not ok
    assert "1 callbacks could not be delivered" in says


def test_nothing_is_sent_inside_nor_to_a_certificate_that_does_not_hold(
    party: Party, authority: Authority, settings: Any, tmp_path: Path
) -> None:
    bad = authority.self_signed("controller.example")
    with run_provider(tls=bad.tls(tmp_path)) as impostor:
        case = party.ask(urls=[impostor.url + "/callbacks"])
        party.take(case, Step.REFUSE, text="No.")
        party.deliver()
        assert impostor.asked == []
    assert OpendsrCallback.objects.get().trouble == "certificate"
    OpendsrCallback.objects.all().delete()
    settings.TROTH_PRIVATE_TARGETS = []
    party.take(party.ask("portability"), Step.REFUSE, text="No.")
    assert party.deliver() == []
    assert OpendsrCallback.objects.get().trouble == "private_address"


def test_nobody_found_is_told_as_completed(party: Party) -> None:
    party.ask("erasure", mail="nobody@example.com")
    assert party.told() == ["completed"]


def test_an_erased_persons_controller_is_told_and_the_queue_names_nobody(party: Party) -> None:
    access, erasure = party.ask("access"), party.ask("erasure")
    party.take(erasure, Step.CARRY_OUT)
    assert sorted(party.told(MINUTE)) == ["completed", "in_progress"], "the access that waited is over, the erasure is being verified"
    access.refresh_from_db()
    assert access.person_id is None
    kept = json.dumps(list(OpendsrCallback.objects.values()), default=str)
    assert MAIL not in kept
    assert not any(asked.json.get("results_url") for asked in party.receiver.asked)


def test_while_the_certificate_is_away_callbacks_wait(party: Party, settings: Any) -> None:
    party.take(party.ask(), Step.REFUSE, text="No.")
    held, settings.TROTH_OPENDSR_CERTIFICATE = settings.TROTH_OPENDSR_CERTIFICATE, "/nowhere"
    assert party.deliver() == []
    settings.TROTH_OPENDSR_CERTIFICATE = held
    assert party.told(2 * MINUTE) == ["cancelled"]


def test_a_callback_whose_sender_died_goes_again(party: Party) -> None:
    party.take(party.ask(), Step.REFUSE, text="No.")
    assert len(callback_queue.take_due(party.now, 10)) == 1
    assert party.deliver() == []
    assert party.told(callback_queue.LEASE) == ["cancelled"]


def test_what_was_told_is_forgotten_in_time(party: Party) -> None:
    party.take(party.ask(), Step.REFUSE, text="No.")
    party.deliver()
    callback_queue.forget_old(party.now + 89 * DAY)
    assert OpendsrCallback.objects.count() == 1
    callback_queue.forget_old(party.now + 91 * DAY)
    assert OpendsrCallback.objects.count() == 0


def test_a_cancelled_request_is_told_as_such(party: Party) -> None:
    party.ask()
    row = following.OpendsrRequest.objects.get()
    following.cancel(row, "2.0", party.now)
    assert party.told() == ["cancelled"]
    assert find_person(party.workspace.pk, MAIL)


def test_every_state_of_the_desk_has_a_name_outside() -> None:
    assert set(OUTSIDE) == set(RequestState)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(list(Act))), max_size=30), st.integers(1, 3))
@examples(max_examples=100)
def test_whatever_is_done_with_its_cases_a_request_moves_only_forward(acts: list[tuple[int, Act]], number: int) -> None:
    cases = [RequestState.RECEIVED] * number
    told = [status_of(cases)]
    for which, act in acts:
        cases[which % number] = TABLE.get((cases[which % number], act), cases[which % number])
        if (status := status_of(cases)) != told[-1]:
            assert is_after(status, told[-1])
            told.append(status)
    assert told[0] == "pending"


def test_doctor_says_until_when_the_certificate_counts(party: Party, authority: Authority, tmp_path: Path, settings: Any) -> None:
    assert check_opendsr(party.now)[0]
    authority.issue(DOMAIN, days=(-1, 10)).install(tmp_path, settings)
    ok, says = check_opendsr(party.now)
    assert (ok, "renew it" in says) == (False, True)
    authority.issue("other.example").install(tmp_path, settings)
    assert "not for this domain" in check_opendsr(party.now)[1]
    settings.TROTH_OPENDSR_CERTIFICATE = "/nowhere"
    assert check_opendsr(party.now) == (True, "not set up")
