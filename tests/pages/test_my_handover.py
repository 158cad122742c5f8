"""My data: what a person provided is sent straight to another controller, at their word (Art. 20(2))."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.authority import Authority
from tests.http_server import Provider, run_provider
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import find_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.desk.links import make_data_token
from troth.privacy.disclosures.reading import export_disclosures
from troth.privacy.handovers.handing import hand_over
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.takeaways import Handover

ADDRESS = "dana@example.com"


@pytest.fixture
def recipient(tmp_path: Path, settings: Any) -> Iterator[Provider]:
    """The other company's HTTPS server."""
    authority = Authority()
    settings.TROTH_OPENDSR_ROOTS = authority.write_root(tmp_path)
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    with run_provider(tls=authority.issue("other.example", address="127.0.0.1").tls(tmp_path)) as provider:
        yield provider


@pytest.fixture
def dana(workspace: Any) -> Subject:
    now = now_ms()
    who = Identity(external_id="dana-1", email=ADDRESS)
    apply([Identify(workspace_id=workspace.pk, source="api", received_at=now, identity=who, attributes={"first_name": "Dana"})], now=now)
    return find_person(workspace.pk, ADDRESS)


@pytest.fixture
def page(dana: Subject) -> str:
    return f"/my/{make_data_token(dana, ADDRESS, now_ms())}"


def send(page: str, status: int = 200, **fields: str) -> str:
    answer = Client(enforce_csrf_checks=True).post(f"{page}/hand-over", {"recipient": "Other Ltd", "sure": "1", **fields})
    assert answer.status_code == status, answer.content
    return unescape(str(answer.content.decode()))


def follow(shown: str) -> str:
    found = re.search(r'href="(/my/request/[^"]+)"', shown)
    assert found
    return found[1]


def test_it_is_offered_and_goes_where_the_person_says_and_they_follow_it_to_the_receipt(
    page: str, dana: Subject, recipient: Provider
) -> None:
    assert f"{page}/hand-over" in Client().get(page).content.decode()
    assert "begins with https://" in Client().get(f"{page}/hand-over").content.decode()

    told = send(page, url=f"{recipient.url}/inbox", authorization="Bearer theirs", language="en")

    assert "on its way to Other Ltd" in told
    watched = follow(told)
    assert "on its way to Other Ltd" in Client().get(watched).content.decode()
    done = hand_over(Handover.objects.get(), now_ms())
    assert (done.state, done.asked_by, done.target) == ("done", "the person", None)
    asked = recipient.asked[-1]
    assert asked.method == "PUT" and asked.headers["authorization"] == "Bearer theirs"
    with zipfile.ZipFile(io.BytesIO(asked.body)) as archive:
        assert ADDRESS in archive.read("data.json").decode()
    assert "Other Ltd (127.0.0.1) has it since" in Client().get(watched).content.decode()
    proof = verify_certificate(Client().get(f"{watched}/proof").content.decode())
    assert "Other Ltd" in json.dumps(proof["handed_over"])
    assert ADDRESS not in json.dumps(proof)
    assert "Other Ltd" in json.dumps(list(export_disclosures(dana)))
    request = PrivacyRequest.objects.get()
    assert (request.type, request.source, request.identity, request.state) == ("portability", "page", "link", "done")


def test_what_the_other_company_does_not_take_is_told_on_the_page_of_the_request(page: str, recipient: Provider) -> None:
    watched = follow(send(page, url=f"{recipient.url}/inbox"))
    recipient.next_answers = [(403, {})]
    hand_over(Handover.objects.get(), now_ms())
    assert "did not take it" in Client().get(watched).content.decode()


def test_it_goes_in_the_language_of_the_page(page: str, recipient: Provider) -> None:
    assert "ist unterwegs zu Other Ltd" in send(page, url=f"{recipient.url}/inbox", language="de")
    hand_over(Handover.objects.get(), now_ms())
    with zipfile.ZipFile(io.BytesIO(recipient.asked[-1].body)) as archive:
        assert "Was Sie" in archive.read("README.txt").decode()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"url": "http://other.example/inbox"}, "begins with https://"),
        ({"url": "https://me:secret@other.example/"}, "begins with https://"),
        ({"url": "https://other.example/", "recipient": " "}, "Write who gets it"),
        ({"url": "https://other.example/", "authorization": "a\nb"}, "one line of plain letters"),
        ({"url": "https://other.example/", "method": "s3"}, "needs access key"),
        ({"url": "https://other.example/", "sure": ""}, "Tick the box"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_recorded(page: str, fields: dict[str, str], fault: str) -> None:
    assert fault in send(page, 422, **fields)
    assert not Handover.objects.exists() and not PrivacyRequest.objects.exists()


def test_nothing_goes_to_an_address_inside(page: str, recipient: Provider, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = []
    send(page, url=f"{recipient.url}/inbox")
    assert hand_over(Handover.objects.get(), now_ms()).state == "waiting" and recipient.asked == []


def test_three_times_a_day_are_the_most_and_the_next_day_it_goes_on(page: str, dana: Subject) -> None:
    for _time in range(3):
        send(page, url="https://other.example/inbox")
    assert "three times today" in send(page, 429, url="https://other.example/inbox")
    assert Handover.objects.count() == 3
    PrivacyRequest.objects.update(received_at=now_ms() - DAY - 1)
    send(page, url="https://other.example/inbox")


def test_a_get_hands_nothing_over_and_a_forged_link_leads_nowhere(page: str) -> None:
    Client().get(f"{page}/hand-over?recipient=x&url=https://other.example/&sure=1")
    assert not Handover.objects.exists()
    assert Client().get("/my/forged/hand-over").status_code == 404
