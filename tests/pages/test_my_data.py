"""My data: everything that is held and every right, behind a link mailed to an address on file."""

from __future__ import annotations

import email
import io
import json
import re
import zipfile
from collections.abc import Iterator
from email.policy import default
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.conftest import eventually
from tests.evidence import GIVEN
from tests.mail_server import Kept, run_mail_server
from troth.consent.decisions import is_restricted, load_stances
from troth.consent.models import Standing
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.kernel.sql import is_sqlite
from troth.kernel.worker import drain
from troth.pages.my_words import STATES, WORDS
from troth.people.lookup import PersonNotFound, find_people, find_person, load_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.desk.links import make_data_token
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.requests import rectify_person

ADDRESS = "dana@example.com"


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


@pytest.fixture
def dana(workspace: Any) -> Subject:
    now = now_ms()
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    who = Identity(external_id="dana-1", email=ADDRESS, phone="+491701234567")
    apply(
        [
            Identify(identity=who, attributes={"first_name": "Dana", "plan": "pro", "tags": ["a"]}, **about),
            Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence=GIVEN, **about),
            Track(identity=who, name="Bought", ts=now, properties={"item": "tea"}, **about),
        ],
        now=now,
    )
    drain(now)
    return find_person(workspace.pk, ADDRESS)


@pytest.fixture
def page(dana: Subject) -> str:
    """The address of Dana's page."""
    return f"/my/{make_data_token(dana, ADDRESS, now_ms())}"


def read(path: str, status: int = 200, **headers: str) -> str:
    answer = Client().get(path, headers=headers)
    assert answer.status_code == status
    assert answer["Cache-Control"] == "no-store" and answer["Referrer-Policy"] == "no-referrer" and "Set-Cookie" not in answer
    return str(answer.content.decode())


def send(path: str, status: int = 200, **fields: str) -> str:
    answer = Client(enforce_csrf_checks=True).post(path, fields)
    assert answer.status_code == status, answer.content
    return str(answer.content.decode())


def latest(dana: Subject) -> PrivacyRequest:
    return PrivacyRequest.objects.filter(workspace_id=dana.workspace_id).order_by("-received_at", "-pk")[0]


def test_the_same_is_answered_whether_an_address_is_known_or_not_and_only_one_on_file_gets_a_link(dana: Subject, post: Kept) -> None:
    ask = f"/my/of/{dana.workspace_id}"
    assert "No account is needed" in read(ask) and "Sie brauchen kein Konto" in read(ask, **{"Accept-Language": "de"})
    known, unknown = send(ask, email=" Dana@Example.com "), send(ask, email="nobody@example.com")
    assert known == unknown
    mails = eventually(lambda: post.mails)
    assert [recipients for recipients, _content in mails] == [[ADDRESS]]
    body = email.message_from_bytes(mails[0][1], policy=default).get_body(("plain",))
    link = re.search(r"https?://[^/]+(/my/\S+)", str(body.get_content() if body else ""))
    assert link and "bought" in read(link[1])
    assert "privacy_rights" in eventually(lambda: "mail server 127.0.0.1" in (shown := read(link[1])) and shown), (
        "who carried the mail is told"
    )
    send(ask, email=ADDRESS)
    assert len(post.mails) == 1, "the same address is not written to again at once"
    assert "Write an e-mail address" in send(ask, 422, email="dana")
    assert read("/my/of/999999", 404)


def test_whoever_was_erased_is_not_written_to(dana: Subject, page: str, post: Kept) -> None:
    send(f"{page}/do/erase", sure="1")
    assert "Look into your mailbox" in send(f"/my/of/{dana.workspace_id}", email=ADDRESS)
    assert post.mails == []


def test_what_is_held_is_told_in_the_readers_language_and_so_is_the_archive(page: str) -> None:
    shown = read(f"{page}?lang=fr")
    assert "Événements : ce que la personne a fait" in shown and "until erased" not in shown
    archive = zipfile.ZipFile(io.BytesIO(b"".join(Client().post(f"{page}/take", {"format": "zip", "language": "fr"}))))
    assert '<html lang="fr">' in archive.read("person.html").decode()


def test_everything_that_is_held_is_shown_with_purpose_source_and_retention(page: str) -> None:
    shown = read(page)
    for expected in (
        ADDRESS,
        "dana-1",
        "bought",
        "tea",
        "Dana",
        "pro",
        "the customer&#x27;s own systems",
        "until erased",
        "Events: what the person did",
    ):
        assert expected in shown, expected
    assert "Widersprechen" in read(page, **{"Accept-Language": "de"}) or "widersprechen" in read(page, **{"Accept-Language": "de"})


def test_a_link_ends_after_a_day_and_with_its_address_and_another_one_is_not_ours(dana: Subject, page: str) -> None:
    old = f"/my/{make_data_token(dana, ADDRESS, now_ms() - DAY)}"
    assert "This link is over" in read(old, 410) and f"/my/of/{dana.workspace_id}" in read(old, 410)
    for forged in (page[:-2], "/my/x", f"/my/{'A' * 600}"):
        assert read(forged, 404)
    rectify_person(dana, attributes={}, source="console", now=now_ms() + 1, email="other@example.com")
    assert "This link is over" in read(page, 410)


def test_a_get_never_acts(dana: Subject, page: str) -> None:
    for path in ("", "/take", "/correct", "/do/object", "/do/restrict", "/do/erase", "/do/human_review"):
        shown = Client().get(page + path).content.decode()
        assert not re.search(r"\{[a-z_]+\}", shown), path
    assert not PrivacyRequest.objects.exists() and load_person(dana)
    assert read(f"{page}/do/dance", 404)


@pytest.mark.parametrize(("kind", "right"), [("zip", "access"), ("json", "access"), ("portable", "portability")])
def test_the_data_is_taken_along_and_that_is_recorded(dana: Subject, page: str, kind: str, right: str) -> None:
    answer = Client().post(f"{page}/take", {"format": kind})
    whole = b"".join(answer.streaming_content)
    if kind == "json":
        assert ADDRESS in json.dumps(json.loads(whole))
    else:
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            assert ("people.events.csv" in archive.namelist()) == (kind == "portable")
    made = latest(dana)
    assert (made.type, made.state, made.source, made.identity) == (right, "done", "page", "link")


def test_marketing_is_objected_to_and_processing_restricted_at_once(dana: Subject, page: str) -> None:
    assert "It is done" in send(f"{page}/do/object")
    assert load_stances([dana.person_id])[dana.person_id]["marketing_email"] == Standing.REFUSED
    assert "Erledigt" in send(f"{page}/do/restrict", language="de")
    assert is_restricted(load_stances([dana.person_id])[dana.person_id])
    assert [one.state for one in PrivacyRequest.objects.all()] == ["done", "done"]


def test_what_only_the_person_knows_is_corrected_at_once_and_the_rest_goes_to_the_desk(dana: Subject, page: str) -> None:
    assert 'value="Dana"' in read(f"{page}/correct")
    assert "Nothing was changed" in send(f"{page}/correct", **{"attribute.first_name": "Dana"})
    told = send(
        f"{page}/correct",
        **{"attribute.first_name": "Dina", "attribute.plan": "free", "remark": "My phone is old", "attribute.admin": "yes"},
    )
    assert "on its way" in told
    assert load_person(dana).attributes == {"first_name": "Dina", "plan": "pro", "tags": ["a"]}
    done, brought = PrivacyRequest.objects.order_by("state")
    assert (done.state, brought.state, brought.identity) == ("done", "running", "link")
    from troth.privacy.history import read_words

    assert [words.text for words in read_words(brought).values()] == ["plan: free\nMy phone is old"]


def test_a_person_looks_at_a_decision_again_when_asked(dana: Subject, page: str) -> None:
    assert "Write what it is about" in send(f"{page}/do/human_review", 422)
    assert "on its way" in send(f"{page}/do/human_review", words="Why no credit?")
    made = latest(dana)
    assert (made.type, made.state) == (RequestType.HUMAN_REVIEW, RequestState.RUNNING)
    assert "review" in read(page).lower()


def test_an_erasure_leaves_a_link_to_its_proof_and_nothing_else(dana: Subject, page: str) -> None:
    assert "Tick the box" in send(f"{page}/do/erase", 422)
    told = send(f"{page}/do/erase", sure="1")
    with pytest.raises(PersonNotFound):
        load_person(dana)
    assert find_people(dana.workspace_id, ADDRESS) == []
    assert "This link is over" in read(page, 410)
    link = re.search(r'href="(/my/request/[^"]+)"', told)
    assert link
    followed = unescape(read(link[1]))
    assert ("deleted, being searched" if is_sqlite() else "deleted, to be overwritten") in followed and ADDRESS not in followed
    proof = Client().get(f"{link[1]}/proof").content.decode()
    claims = verify_certificate(proof)
    assert (claims["right"], claims["identity"]["means"]) == ("erasure", "link") and ADDRESS not in proof
    assert claims["certificate"]["claims"]["type"] == "erasure"
    assert read("/my/request/x", 404) and read("/my/request/x/proof", 404)


def test_every_language_says_everything() -> None:
    for language, words in WORDS.items():
        assert words.keys() == WORDS["en"].keys(), language
        for name, says in words.items():
            assert set(re.findall(r"\{\w+\}", says)) == set(re.findall(r"\{\w+\}", WORDS["en"][name])), (language, name)
        assert {*RequestType.values} <= words.keys() and set(STATES.values()) <= words.keys()
    assert set(STATES) <= set(RequestState.values)
