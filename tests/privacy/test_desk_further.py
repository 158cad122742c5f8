"""The desk where the law is particular: fees, weighing, disputed values, lifting a restriction, letters of a workspace's own, many at once."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import DANA, SECRET

from tests.mail_server import Kept, run_mail_server
from troth.consent.decisions import is_restricted, load_stances
from troth.kernel.personal_data import Subject
from troth.people.lookup import load_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.desk import cases
from troth.privacy.desk.carrying_out import DetailMissing, Details, Ground
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.identity import Means
from troth.privacy.desk.letters import (
    KINDS,
    LANGUAGES,
    Letter,
    LetterInvalid,
    built_in,
    check_letter,
    list_versions,
    put_back,
    read_letter,
    save_letter,
    variables_of,
)
from troth.privacy.desk.steps import How, Said, Step, draft_kind, take_step
from troth.privacy.desk.telling import draft
from troth.privacy.desk.weighing import ObjectionAbsolute
from troth.privacy.history import By, read_history, read_words
from troth.privacy.models import PrivacyRequest, RequestStep, RequestType
from troth.privacy.requests import NotTold, restrict_person
from troth.privacy.states import StepImpossible
from troth.project.cli import main

BY = By("console", 7, "privacy_officer")
WS = "Test workspace"


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def text_of(mail: tuple[list[str], bytes]) -> str:
    body = email.message_from_bytes(mail[1], policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def open_one(dana: Subject, right: RequestType, **more: Any) -> tuple[PrivacyRequest, int]:
    now = load_person(dana).updated_at + 1_000
    return cases.open_request(dana, right, by=BY, now=now, **more), now


def test_a_fee_needs_a_ground_an_amount_and_reasons_and_its_letter_names_the_remedies(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana, RequestType.ACCESS)
    excessive = Details(ground=Ground.EXCESSIVE, fee="12.50 EUR")
    for details, text in (
        (Details(fee="12.50 EUR"), "Weekly."),
        (Details(ground=Ground.EXCESSIVE, fee="much"), "Weekly."),
        (excessive, " "),
    ):
        with pytest.raises(cases.ReasonMissing):
            take_step(request, Step.ASK_FEE, Said(text=text, details=details), by=BY, now=now)
    due = request.due_at
    drafted = draft(request, "ask_fee", now, language="de", words="Jede Woche dasselbe.", fee="12.50 EUR")
    said = Said(text=drafted.text, subject=drafted.subject, how=How.MAIL, details=excessive)
    take_step(request, Step.ASK_FEE, said, by=BY, now=now)
    told = text_of(post.mails[-1])
    assert "12.50 EUR" in told and "Jede Woche" in told and "77" in told and "79" in told
    assert (request.state, request.due_at) == ("received", due), "the clock runs on"
    assert read_history(request)[-1].facts == {"told": "mail", "ground": "excessive", "fee": "12.50 EUR"}
    letter = verify_certificate(make_evidence(request, now))["steps"][-1]
    assert "Jede Woche" in letter["text"], "the letter stands in the evidence as it left"


def test_a_refusal_as_unfounded_says_so_in_the_letter_and_in_the_evidence(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana, RequestType.ACCESS)
    assert draft_kind(request, Step.REFUSE, "unfounded") == "refuse_unfounded"
    drafted = draft(request, "refuse_unfounded", now, words="A joke.")
    details = Details(ground=Ground.UNFOUNDED)
    take_step(request, Step.REFUSE, Said(text=drafted.text, subject=drafted.subject, how=How.MAIL, details=details), by=BY, now=now)
    assert request.state == "refused" and "manifestly unfounded" in text_of(post.mails[-1])
    steps = verify_certificate(make_evidence(request, now))["steps"]
    assert steps[-1]["facts"] == {"told": "mail", "ground": "unfounded"}


def test_an_objection_is_refused_only_after_a_weighing_and_never_one_to_marketing(dana: Subject) -> None:
    from troth.consent.purposes import PurposeTerms, create_purpose

    request, now = open_one(dana, RequestType.OBJECTION)
    create_purpose(dana.workspace_id, "learning", PurposeTerms(name="Learning", legal_basis="consent"), now=now)
    with pytest.raises(cases.ReasonMissing, match="Weigh"):
        take_step(request, Step.REFUSE, Said(text="No."), by=BY, now=now)
    with pytest.raises(ObjectionAbsolute):
        marketing = Details(purposes=("marketing_email",), finding="Ours.", prevails=True)
        take_step(request, Step.WEIGH, Said(details=marketing), by=BY, now=now)
    with pytest.raises(ObjectionAbsolute, match="withdraws it"):
        agreed = Details(purposes=("learning",), finding="Ours.", prevails=True)
        take_step(request, Step.WEIGH, Said(details=agreed), by=BY, now=now)
    take_step(request, Step.WEIGH, Said(details=Details(finding="Theirs.")), by=BY, now=now)
    with pytest.raises(cases.ReasonMissing, match="Weigh"):
        take_step(request, Step.REFUSE, Said(text="No."), by=BY, now=now)
    create_purpose(dana.workspace_id, "fraud", PurposeTerms(name="Fraud", legal_basis="legitimate_interest"), now=now)
    take_step(request, Step.WEIGH, Said(details=Details(purposes=("fraud",), finding=f"Fraud {SECRET}", prevails=True)), by=BY, now=now)
    take_step(request, Step.REFUSE, Said(text="No."), by=BY, now=now)
    assert request.state == "refused"
    assert SECRET not in str(list(RequestStep.objects.values())), "the weighing lies beside the person"
    weighed = [step["text"] for step in verify_certificate(make_evidence(request, now))["steps"] if step["step"] == "weigh"]
    assert weighed == ["Theirs.", f"Fraud {SECRET}"], "the evidence shows how it was weighed"


def test_what_a_disputed_value_said_before_lies_in_the_file_of_the_request_alone(dana: Subject) -> None:
    request, now = open_one(dana, RequestType.RECTIFICATION, means=Means.LOGIN)
    with pytest.raises(DetailMissing):
        take_step(request, Step.CARRY_OUT, Said(details=Details(by_hand=True, disputed=True)), by=BY, now=now)
    details = Details(attributes={"city": "Paris"}, email="dana@paris.example", disputed=True, finding="She says Paris.")
    take_step(request, Step.CARRY_OUT, Said(details=details), by=BY, now=now)
    kept = next(words.text for words in read_words(request).values())
    assert "She says Paris." in kept and "city: Köln → Paris" in kept and f"email: {DANA['email']} → dana@paris.example" in kept
    assert "file of your request alone" in draft(request, "done", now).text
    assert "Köln" not in str(request.steps) and "Köln" not in str(load_person(dana).attributes)
    undisputed, _ = open_one(dana, RequestType.RECTIFICATION, means=Means.LOGIN)
    take_step(undisputed, Step.CARRY_OUT, Said(details=Details(attributes={"city": "Rome"})), by=BY, now=now)
    assert read_words(undisputed) == {} and "Past values are not kept" in draft(undisputed, "done", now).text


def test_a_restriction_is_lifted_after_the_person_was_told_and_not_before(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana, RequestType.RESTRICTION, means=Means.LOGIN)
    with pytest.raises(StepImpossible):
        take_step(request, Step.ANNOUNCE_LIFTING, Said(text="Soon."), by=BY, now=now)
    take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now)
    take_step(request, Step.ANSWER, Said(text="Done."), by=BY, now=now)
    with pytest.raises(StepImpossible, match="Tell the person first"):
        take_step(request, Step.LIFT, Said(), by=BY, now=now)
    drafted = draft(request, "announce_lifting", now, words="The dispute is over.")
    take_step(request, Step.ANNOUNCE_LIFTING, Said(text=drafted.text, subject=drafted.subject, how=How.MAIL), by=BY, now=now + 1)
    assert "18(3)" in text_of(post.mails[-1]) and is_restricted(load_stances([dana.person_id])[dana.person_id])
    take_step(request, Step.LIFT, Said(text="settled"), by=BY, now=now + 2)
    assert not is_restricted(load_stances([dana.person_id])[dana.person_id])
    assert [step.act for step in read_history(request)][-2:] == ["announce_lifting", "lift"] and request.state == "done"
    told = verify_certificate(make_evidence(request, now + 2))["steps"][-2]
    assert "The dispute is over." in told["text"], "that they were told before, and what, can be shown"
    with pytest.raises(StepImpossible):
        take_step(request, Step.LIFT, Said(), by=BY, now=now + 3)


def test_no_door_lifts_a_restriction_of_somebody_who_was_not_told(dana: Subject) -> None:
    now = load_person(dana).updated_at
    restrict_person(dana, lift=False, source="api", reason="", now=now)
    with pytest.raises(NotTold):
        restrict_person(dana, lift=True, source="api", reason="", now=now + 1)
    assert is_restricted(load_stances([dana.person_id])[dana.person_id])


def test_every_built_in_letter_passes_its_own_check() -> None:
    for kind in KINDS:
        for language in LANGUAGES:
            check_letter(built_in(kind, language))


@given(kind=st.sampled_from(KINDS), text=st.text(alphabet="ab{}\n _", max_size=30))
def test_what_passes_the_check_has_no_brace_that_would_be_sent(kind: str, text: str) -> None:
    letter = Letter(kind, "en", "Hello", f"{built_in(kind, 'en').text}\n{text}")
    try:
        check_letter(letter)
    except LetterInvalid as error:
        assert "line" in str(error)
    else:
        filled = letter.filled(dict.fromkeys(variables_of(kind), "x"))[1]
        assert "{" not in filled and "}" not in filled


def test_a_letter_of_the_workspaces_own_is_checked_kept_in_versions_sent_and_put_back(dana: Subject) -> None:
    workspace_id = dana.workspace_id
    said: dict[str, Any] = {"user_id": 7, "now": 1}
    with pytest.raises(LetterInvalid, match=r"\$\.text: line 2, column 4: there is no such variable"):
        save_letter(workspace_id, "received", "en", subject="Hi", text="Hello\n - {name.__class__}", **said)
    with pytest.raises(LetterInvalid, match="brace"):
        save_letter(workspace_id, "received", "en", subject="Hi {", text="Hello", **said)
    with pytest.raises(LetterInvalid, match="name the complaint"):
        save_letter(workspace_id, "refuse", "en", subject="No", text="No: {words}", **said)
    with pytest.raises(LetterInvalid, match=r"needs \{words\}"):
        save_letter(workspace_id, "refuse", "en", subject="No", text="No. Art. 77, 79", **said)
    first = save_letter(workspace_id, "received", "en", subject="Yours", text="Dear you, {right} came on {received}. {link}", **said)
    assert first.version == 1 and save_letter(workspace_id, "received", "en", subject="Yours", text=first.text, **said).version == 1
    request, now = open_one(dana, RequestType.ACCESS)
    made = draft(request, "received", now, language="en")
    assert made.subject == "Yours" and made.text.startswith("Dear you, access to your data came on ") and "{" not in made.text
    assert draft(request, "received", now, language="de").text.startswith("Guten Tag")
    back = put_back(workspace_id, "received", "en", user_id=7, now=2)
    assert (back.text, back.version) == (built_in("received", "en").text, 2)
    assert [row.version for row in list_versions(workspace_id, "received", "en")] == [2, 1]
    assert read_letter(workspace_id + 1, "received", "en").version == 0


def test_many_requests_take_a_step_at_the_command_line(dana: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    requests = [open_one(dana, RequestType.OBJECTION)[0] for _ in range(2)]
    access, _ = open_one(dana, RequestType.ACCESS)
    assert main(["privacy", "steps", WS, "carry_out", "--type", "objection", "--dry-run"]) == 0
    assert set(capsys.readouterr().out.split()) == {str(request.pk) for request in requests}
    assert main(["privacy", "steps", WS, "carry_out", "--type", "objection"]) == 0
    assert "Done for 2 of 2" in capsys.readouterr().out
    assert main(["privacy", "steps", WS, "carry_out", "--request", str(access.pk)]) == 1
    assert "who is asking" in capsys.readouterr().out
    assert set(PrivacyRequest.objects.filter(type="objection").values_list("state", flat=True)) == {"executing"}


def test_letters_at_the_command_line(dana: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "letters", WS]) == 0 and "received" in capsys.readouterr().out
    (tmp_path / "own.txt").write_text("Bis {due}.")
    assert main(["privacy", "letters", WS, "received", "--language", "de", "--write", str(tmp_path / "own.txt")]) == 0
    told = capsys.readouterr().out
    assert "Bis {due}." in told and "version 1" in told
    (tmp_path / "own.txt").write_text("Bis {when}.")
    assert main(["privacy", "letters", WS, "received", "--language", "de", "--write", str(tmp_path / "own.txt")]) == 1
    assert "line 1, column 5" in capsys.readouterr().err
    assert main(["privacy", "letters", WS, "received", "--language", "de", "--put-back"]) == 0
    assert "Guten Tag" in capsys.readouterr().out
