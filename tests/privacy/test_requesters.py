"""Whoever asks and is not on file is answered, looked for again, and never sent anybody's data."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.policy import default
from typing import Any

import pytest
from planted import DANA, SECRET

from tests.mail_server import Kept, run_mail_server
from troth.kernel.clock import DAY
from troth.kernel.personal_data import Subject
from troth.people.lookup import load_person
from troth.privacy.desk import cases
from troth.privacy.desk.checking import check_values
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.identity import IdentityRefused
from troth.privacy.desk.requesters import NothingTold, file_of, forget_files, look_again, take_request
from troth.privacy.desk.steps import How, Said, Step, draft_kind, take_step
from troth.privacy.desk.telling import NoAddress, draft, mail_code
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.history import By, read_history, read_words
from troth.privacy.models import PrivacyRequest, RequestStep, RequestType
from troth.privacy.requests import ContactInvalid
from troth.privacy.states import StepImpossible
from troth.project.cli import main

BY = By("console", 7, "privacy_officer")
STRANGER = "eva.stranger@example.com"


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def text_of(mail: tuple[list[str], bytes]) -> str:
    body = email.message_from_bytes(mail[1], policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def ask(dana: Subject, address: str = STRANGER, **more: Any) -> tuple[PrivacyRequest, int]:
    now = load_person(dana).updated_at + 1_000
    said = {"told": {}, "by": BY, "now": now, "words": SECRET, **more}
    return take_request(dana.workspace_id, RequestType.ACCESS, address=address, **said), now


def step(request: PrivacyRequest, which: Step, now: int, words: str = "") -> None:
    made = draft(request, draft_kind(request, which), now, words=words)
    take_step(request, which, Said(text=made.text, subject=made.subject, how=How.MAIL), by=BY, now=now)


def test_a_stranger_is_asked_for_one_datum_more_then_told_that_nothing_is_found(dana: Subject, post: Kept) -> None:
    request, now = ask(dana, language="de")
    assert (request.person_id, request.state) == (None, "received") and request.due_at > now
    step(request, Step.ASK_IDENTITY, now, words="Ihre Kundennummer?")
    assert post.mails[-1][0] == [STRANGER] and "Art. 11 Abs. 2" in text_of(post.mails[-1])
    assert request.state == "identity_check" and request.paused_at == now
    assert not look_again(request, {"external_id": "nobody-1"}, by=BY, now=now + DAY)
    assert (request.state, request.paused_at) == ("running", None), "they answered: the clock goes on"
    step(request, Step.NOT_FOUND, now + DAY)
    told = text_of(post.mails[-1])
    assert request.state == "done" and "79" in told and "Kundennummer" in told and "{" not in told
    file = file_of(request)
    assert file and file.until == now + DAY + cases.KEPT and SECRET in str(file.words)
    kept = [*RequestStep.objects.values(), *PrivacyRequest.objects.values()]
    assert SECRET not in str(kept) and STRANGER not in str(kept), "what was written and the address lie in the file alone"
    assert SECRET not in make_evidence(request, now) and '"on_file":false' in str(read_history(request)[0].facts).replace("'", '"').replace(
        "False", "false"
    ).replace(": ", ":")
    forget_files(now + DAY + cases.KEPT)
    assert file_of(request) is None and read_words(request) == {}


def test_nothing_can_be_carried_out_for_nobody_and_no_code_is_mailed_to_a_new_address(dana: Subject, post: Kept) -> None:
    request, now = ask(dana)
    with pytest.raises(cases.PersonGone):
        take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now)
    with pytest.raises(NoAddress):
        mail_code(request, by=BY, now=now)
    with pytest.raises(cases.PersonGone):
        take_step(request, Step.ACKNOWLEDGE, Said(text="See {data_link}", how=How.MAIL), by=BY, now=now)
    assert post.mails == []


def test_one_datum_more_finds_the_person_who_is_then_identified_and_answered_at_the_address_on_file(dana: Subject, post: Kept) -> None:
    request, now = ask(dana)
    take_step(request, Step.NOTE, Said(text="She rang."), by=BY, now=now)
    assert look_again(request, {"phone": DANA["phone"]}, by=BY, now=now + 1)
    assert (request.person_id, request.identity, request.state) == (dana.person_id, "", "received")
    assert file_of(request) is None and sorted(words.text for words in read_words(request).values()) == sorted([SECRET, "She rang."])
    step(request, Step.ACKNOWLEDGE, now + 2)
    assert post.mails[-1][0] == [DANA["email"]], "never to the address that it came from"
    check_values(request, {"external_id": DANA["external_id"], "city": "Köln"}, by=BY, now=now + 3)
    assert request.identity == "two_on_file"
    with pytest.raises(StepImpossible, match="on file"):
        step(request, Step.NOT_FOUND, now + 4)


def test_what_leads_to_a_person_at_once_is_their_request(dana: Subject) -> None:
    request, _now = ask(dana, told={"external_id": DANA["external_id"]})
    assert request.person_id == dana.person_id and file_of(request) is None and not request.identity
    split, _now = ask(dana, address=DANA["email"], told={"external_id": "bob-external-1"})
    assert split.person_id is None, "what leads to two persons leads to none"


def test_somebody_is_looked_for_five_times_and_by_something(dana: Subject) -> None:
    request, now = ask(dana)
    for wrong, why in (({}, NothingTold), ({"city": "Köln"}, ContactInvalid)):
        with pytest.raises(why):
            look_again(request, wrong, by=BY, now=now)
    for number in range(3):
        assert not look_again(request, {"external_id": f"n{number}"}, by=BY, now=now)
    with pytest.raises(IdentityRefused, match="five times"):
        look_again(request, {"phone": DANA["phone"]}, by=BY, now=now)
    with pytest.raises(ContactInvalid):
        ask(dana, address="nobody")


def test_the_file_goes_with_whoever_is_erased_under_its_address(dana: Subject) -> None:
    earlier = PrivacyRequest.objects.get(workspace_id=dana.workspace_id, person_id=None)
    file = file_of(earlier)
    assert file and file.address == DANA["email"]
    erase_person(dana, now=load_person(dana).updated_at, source="api")
    assert file_of(earlier) is None and read_words(earlier) == {}


def test_a_stranger_at_the_command_line(dana: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "open", "Test workspace", "nobody-9", "access"]) == 1
    capsys.readouterr()
    assert main(["privacy", "open", "Test workspace", "nobody-9", "access", "--address", STRANGER]) == 0
    told = capsys.readouterr().out
    assert "nobody on file" in told
    request_id = told.split()[1].rstrip(":")
    assert main(["privacy", "identify", request_id, "--value", "external_id=nobody-8"]) == 0
    assert "nobody was found" in capsys.readouterr().out
    assert main(["privacy", "step", request_id, "not_found", "--text", "Nothing."]) == 0
    assert PrivacyRequest.objects.get(pk=request_id).state == "done"
