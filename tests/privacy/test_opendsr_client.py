"""OpenDSR as controller: processors are asked, believed only with their signature, followed to the end; what they signed is kept, and of the person nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from test_downstream import House, claims, levels

from tests.authority import Authority
from tests.opendsr_processor import DOMAIN, OpendsrProcessor, run_processor
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.privacy.downstream.answering import take_back
from troth.privacy.downstream.ways import set_way
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.models.disclosures import Disclosure, DomainCertificate, NoticeState, RecipientNotice
from troth.privacy.opendsr import revocation
from troth.privacy.opendsr.bodies import to_ms
from troth.privacy.opendsr.client import name_person
from troth.privacy.opendsr.signatures import verify, verify_digest
from troth.privacy.requests import rectify_person

S = NoticeState


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Iterator[Authority]:
    made = Authority()
    settings.TROTH_OPENDSR_ROOTS = made.write_root(tmp_path)
    settings.TROTH_OPENDSR_URL = "https://controller.example"
    revocation.forget_answers()
    yield made
    revocation.forget_answers()


@pytest.fixture
def processor(authority: Authority, tmp_path: Path) -> Iterator[OpendsrProcessor]:
    with run_processor(authority.issue(DOMAIN), tmp_path) as running:
        yield running


@pytest.fixture
def house(workspace: Any, settings: Any, processor: OpendsrProcessor) -> House:
    """A house whose mailer speaks OpenDSR."""
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1", "::1"]
    house = House(workspace)
    set_way(house.processor(channels=[9], webhooks=[4]), "opendsr", processor.url, authorization="Bearer secret-key", now=1)
    house.went("channel", 9, what="email")
    house.went("webhook", 4)
    return house


def call_back(processor: OpendsrProcessor, notice: RecipientNotice, state: str, **changed: Any) -> int:
    body, headers = processor.callback(str(notice.pk), state, **changed)
    return deliver(body, headers)


def deliver(body: bytes, headers: dict[str, str]) -> int:
    return Client().post("/opendsr/callbacks", body, content_type="application/json", headers=headers).status_code


def test_an_erasure_is_handed_in_and_followed_by_callbacks_to_a_signed_end(house: House, processor: OpendsrProcessor) -> None:
    request = erase_person(house.ann, now=house.now, source="api")
    house.work()
    [asked] = processor.asked
    notice = house.notice
    assert asked["subject_request_id"] == str(notice.pk) != str(request.pk)
    assert (asked["regulation"], asked["subject_request_type"]) == ("gdpr", "erasure")
    assert to_ms(datetime.fromisoformat(asked["submitted_time"])) == request.received_at, "the clock runs since the person asked"
    assert {one["identity_value"] for one in asked["subject_identities"]} == {"ann.unique@example.com", "ann-4711"}
    assert asked["extensions"] == {DOMAIN: {"phone": "+4915112345678"}}
    assert asked["status_callback_urls"] == ["https://controller.example/opendsr/callbacks"]
    assert ("POST", "/v2/requests", "Bearer secret-key") in processor.calls
    assert processor.calls[0][:2] == ("GET", "/v2/discovery")
    assert (notice.state, notice.sealed) == (S.TOLD, None), "whoever was told needs the identifiers no more"
    assert call_back(processor, notice, "in_progress") == 202
    assert house.notice.state == S.IN_PROGRESS
    assert not levels(request)["L6"]["reached"]
    assert call_back(processor, notice, "completed") == 202
    assert (house.notice.state, house.notice.is_signed) == (S.DONE, True)
    assert levels(request)["L6"]["reached"]
    assert claims(request)["recipients"][0]["answer"] == "signed"
    assert call_back(processor, notice, "in_progress") == 202, "what is late is taken"
    assert house.notice.state == S.DONE, "and moves nothing"


def test_what_was_signed_is_kept_and_the_request_in_it_is_not(house: House, processor: OpendsrProcessor) -> None:
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    call_back(processor, house.notice, "completed")
    receipt, callback = house.notice.answers.order_by("pk")
    kept = json.loads(receipt.body)
    assert kept["encoded_request"] == ""
    assert kept["subject_request_id"] == str(house.notice.pk)
    assert verify_digest(bytes.fromhex(receipt.digest), receipt.signature, receipt.certificate.encode())
    assert not verify(receipt.body.encode(), receipt.signature, receipt.certificate.encode()), "the blanked body is our own statement"
    assert verify(callback.body.encode(), callback.signature, callback.certificate.encode())
    assert hashlib.sha256(callback.body.encode()).hexdigest() == callback.digest
    everything = json.dumps([list(row.__dict__.items()) for row in (house.notice, receipt, callback)], default=str)
    for value in ("ann.unique@example.com", base64.b64encode(b"ann.unique@example.com").decode()[:20]):
        assert value not in everything


def test_only_types_and_formats_that_are_advertised_are_sent(house: House, processor: OpendsrProcessor) -> None:
    processor.identities = [("email", "sha256")]
    rectify_person(house.ann, attributes={"city": "Köln"}, source="api", now=house.now)
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    [asked] = processor.asked
    [identity] = asked["subject_identities"]
    assert identity["identity_value"] == hashlib.sha256(b"ann.unique@example.com").hexdigest()
    assert dict(RecipientNotice.objects.values_list("right", "state")) == {"rectification": S.CANCELLED, "erasure": S.TOLD}


def test_a_correction_goes_to_a_processor_that_offers_our_own_types(house: House, processor: OpendsrProcessor) -> None:
    processor.types.append("rectification")
    rectify_person(house.ann, attributes={"city": "Köln"}, email="ann.new@example.com", source="api", now=house.now)
    house.work()
    [asked] = processor.asked
    assert asked["subject_request_type"] == "rectification"
    assert asked["extensions"][DOMAIN]["corrections"] == {"city": "Köln"}
    assert asked["extensions"][DOMAIN]["now_known_as"] == [{"kind": "email", "value": "ann.new@example.com"}]


def test_a_type_that_is_not_offered_is_for_members(house: House, processor: OpendsrProcessor) -> None:
    rectify_person(house.ann, attributes={"city": "Köln"}, source="api", now=house.now)
    house.work()
    assert (house.notice.state, house.notice.trouble) == (S.BY_HAND, "type_not_offered")
    assert house.notice.sealed is not None


def test_somebody_whom_the_processor_cannot_know_by_what_it_takes_is_for_members(house: House, processor: OpendsrProcessor) -> None:
    processor.identities = [("ios_vendor_id", "raw")]
    Disclosure.objects.filter(kind="webhook").delete()
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    assert (house.notice.state, house.notice.trouble) == (S.BY_HAND, "identities_not_offered")


def test_a_processor_that_is_down_is_asked_again_under_the_same_id(house: House, processor: OpendsrProcessor) -> None:
    processor.down = 2
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    assert (house.notice.state, house.notice.status, house.notice.attempts) == (S.WAITING, 503, 1)
    house.work(HOUR)
    house.work(HOUR)
    assert house.notice.state == S.TOLD
    assert len(processor.asked) == 1


@pytest.mark.parametrize("wrong", ["signature", "domain", "stranger", "expired", "self_signed", "receipt", "place"])
def test_an_answer_that_cannot_be_believed_is_none(house: House, processor: OpendsrProcessor, authority: Authority, wrong: str) -> None:
    signers = {
        "stranger": lambda: Authority().issue(DOMAIN),
        "expired": lambda: authority.issue(DOMAIN, days=(-30, -1)),
        "self_signed": lambda: authority.self_signed(DOMAIN),
    }
    if wrong in signers:
        processor.signs_with = signers[wrong]()
    processor.spoils = wrong == "signature"
    processor.domain = "evil.example" if wrong == "domain" else DOMAIN
    processor.forgets = wrong == "receipt"
    processor.certificate_host = "127.0.0.1" if wrong == "place" else DOMAIN
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    notice = house.notice
    assert (notice.state, bool(notice.trouble), bool(notice.sealed), notice.answers.count()) == (S.WAITING, True, True, 0)
    told = {"signature": "signature_invalid", "domain": "domain_not_ours", "receipt": "receipt_of_another"}
    assert notice.trouble == told.get(wrong, notice.trouble)
    assert not DomainCertificate.objects.exists() or wrong in ("signature", "receipt")


def test_callbacks_are_judged_in_order_and_answered_as_the_guidelines_say(
    house: House, processor: OpendsrProcessor, authority: Authority
) -> None:
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    body, headers = processor.callback(str(house.notice.pk), "completed")
    assert deliver(body, {**headers, "X-OpenDSR-Processor-Domain": "evil.example"}) == 401
    assert deliver(body, {"X-OpenDSR-Processor-Domain": DOMAIN}) == 400
    assert deliver(body + b" ", headers) == 400
    assert deliver(b"", headers) == 400
    not_json = b"no json"
    assert deliver(not_json, processor.sign(not_json)) == 400
    assert call_back(processor, house.notice, "completed", status_callback_url="https://else.example/") == 400
    assert call_back(processor, house.notice, "completed", subject_request_id="a7551968-d5d6-44b2-9831-815ac9017798") == 400
    assert call_back(processor, house.notice, "completed", request_status="failed") == 400
    assert Client().get("/opendsr/callbacks").status_code == 405
    assert house.notice.state == S.TOLD
    DomainCertificate.objects.update(pem=authority.issue(DOMAIN, days=(-30, -1)).pem.decode())
    assert call_back(processor, house.notice, "in_progress") == 202, "a kept certificate that does not hold any more is fetched anew"
    processor.signs_with = authority.issue("other.example")
    DomainCertificate.objects.all().delete()
    assert call_back(processor, house.notice, "completed") == 401
    assert house.notice.state == S.IN_PROGRESS


def test_a_callback_with_the_names_of_version_one_is_taken(house: House, processor: OpendsrProcessor) -> None:
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    body, headers = processor.callback(str(house.notice.pk), "completed")
    old = {name.replace("OpenDSR", "OpenGDPR"): value for name, value in headers.items()}
    assert deliver(body, old) == 202
    assert house.notice.state == S.DONE


def test_a_callback_of_one_processor_says_nothing_about_what_another_was_told(house: House, processor: OpendsrProcessor) -> None:
    other = house.processor(name="Other", channels=[11])
    set_way(other, "mail", "dpo@other.example", now=1)
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    RecipientNotice.objects.update(processor_id=other.pk)
    assert call_back(processor, house.notice, "completed") == 400


def test_without_callbacks_the_processor_is_asked_how_far_it_is(house: House, processor: OpendsrProcessor) -> None:
    request = erase_person(house.ann, now=house.now, source="api")
    house.work()
    house.work(HOUR)
    assert house.notice.state == S.TOLD
    processor.state = "completed"
    house.work(13 * HOUR)
    assert (house.notice.state, house.notice.due_at) == (S.DONE, None)
    assert claims(request)["recipients"][0]["answer"] == "signed"
    assert [answer.kind for answer in house.notice.answers.order_by("pk")] == ["receipt", "status", "status"]


def test_whoever_cancels_has_refused_and_their_reason_is_kept(house: House, processor: OpendsrProcessor) -> None:
    request = erase_person(house.ann, now=house.now, source="api")
    house.work()
    processor.more = {"extensions": {DOMAIN: {"reason": "legal_claims"}}}
    assert call_back(processor, house.notice, "cancelled") == 202
    assert (house.notice.state, house.notice.trouble) == (S.REFUSED, "legal_claims")
    assert claims(request)["recipients"][0]["answer"] == "refused"
    assert not levels(request)["L6"]["reached"]


def test_what_is_pending_can_be_taken_back_and_what_has_begun_cannot(house: House, processor: OpendsrProcessor) -> None:
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    processor.state = "in_progress"
    take_back(house.notice, now=house.now)
    house.work()
    assert (house.notice.state, house.notice.status) == (S.TOLD, 400)
    processor.state = "pending"
    take_back(house.notice, now=house.now)
    house.work()
    assert house.notice.state == S.CANCELLED
    assert processor.calls[-1][:2] == ("DELETE", f"/v2/requests/{house.notice.pk}")


def test_who_said_by_when_and_does_not_keep_it_is_silent_three_days_later(house: House, processor: OpendsrProcessor) -> None:
    erase_person(house.ann, now=house.now, source="api")
    house.work()
    RecipientNotice.objects.update(expected_at=house.now + DAY)
    processor.down = 10_000
    for _ in range(7):
        house.work(12 * HOUR)
        assert house.notice.silent_at is None or house.now >= house.notice.opened_at + 3 * DAY
    for _ in range(3):
        house.work(12 * HOUR)
    assert house.notice.silent_at is not None
    assert house.notice.state == S.TOLD
    assert house.now > now_ms()


def test_an_identifier_is_named_raw_or_by_the_strongest_hash_that_is_taken() -> None:
    all_ways = {("email", form) for form in ("raw", "sha1", "md5", "sha256")}
    for without, form in ((set(), "raw"), ({"raw"}, "sha256"), ({"raw", "sha256"}, "sha1"), ({"raw", "sha256", "sha1"}, "md5")):
        made = name_person("email", "a@example.com", {way for way in all_ways if way[1] not in without})
        assert made is not None and made.identity_format == form
    assert name_person("email", "a@example.com", {("controller_customer_id", "raw")}) is None
    assert name_person("device", "token", all_ways) is None
