"""The desk: a request from its receipt to its answer, by the doors people use."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.policy import default
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import DANA, SECRET

from tests.mail_server import Kept, run_mail_server
from troth.consent.decisions import is_restricted, load_stances
from troth.consent.models import Standing
from troth.kernel.clock import DAY, HOUR
from troth.kernel.personal_data import Subject
from troth.people.lookup import load_person
from troth.privacy.desk import cases
from troth.privacy.desk.answer_words import WORDS
from troth.privacy.desk.carrying_out import DetailMissing, Details
from troth.privacy.desk.checking import addresses_on_file, check_code, check_values
from troth.privacy.desk.identity import DEMANDS, STRENGTH, IdentityLacking, IdentityRefused, Means, is_known_enough, match_values
from troth.privacy.desk.steps import How, Said, Step, take_step
from troth.privacy.desk.telling import NoAddress, draft, mail_code
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.history import By, read_history, read_words
from troth.privacy.legal_clock import ExtensionImpossible, term_end
from troth.privacy.models import PrivacyRequest, RequestState, RequestStep, RequestType, RequestWords
from troth.privacy.requests import rectify_person
from troth.privacy.seats import unpack_seat
from troth.privacy.states import CLOSED, OPEN, TABLE, UNANSWERED, VERIFYING, Act, StepImpossible, next_state, possible_acts
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


def now_of(dana: Subject) -> int:
    return load_person(dana).updated_at + 1_000


def open_one(dana: Subject, right: RequestType = RequestType.ACCESS, **more: Any) -> tuple[PrivacyRequest, int]:
    now = now_of(dana)
    return cases.open_request(dana, right, by=BY, now=now, **more), now


def test_the_table_leads_everywhere_and_out_of_nowhere_closed() -> None:
    reached = set(TABLE.values()) | {RequestState.RECEIVED, RequestState.AWAITING_CONFIRMATION}
    assert reached == set(RequestState)
    assert {RequestState.DONE, RequestState.ERASED, RequestState.REFUSED, RequestState.WITHDRAWN} == CLOSED
    assert UNANSWERED | VERIFYING == OPEN and not UNANSWERED & VERIFYING
    for right in RequestType:
        assert all(possible_acts(state, right) == [] for state in CLOSED)
        is_refusable = right != RequestType.CONSENT_WITHDRAWAL
        assert (Act.REFUSE in possible_acts(RequestState.RUNNING, right)) is is_refusable
        assert (Act.EXTEND in possible_acts(RequestState.RUNNING, right)) is is_refusable


def test_a_withdrawal_of_consent_is_neither_refused_nor_put_off_nor_charged_for(dana: Subject) -> None:
    request, now = open_one(dana, RequestType.CONSENT_WITHDRAWAL)
    fee = Details(ground="excessive", fee="9.00 EUR")
    for step, details in (
        (Step.REFUSE, Details()),
        (Step.REFUSE, Details(ground="excessive")),
        (Step.EXTEND, Details()),
        (Step.ASK_FEE, fee),
    ):
        with pytest.raises(StepImpossible, match=r"Art\. 7\(3\)"):
            take_step(request, step, Said(text="We would rather not.", details=details), by=BY, now=now + 1)
    take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now + 2)
    assert request.state == RequestState.EXECUTING


def test_whatever_is_tried_a_closed_request_stays_closed_and_a_refusal_to_move_says_what_is_possible() -> None:
    for state, act, extended in product(RequestState, Act, (False, True)):
        try:
            after = next_state(state, act, is_extended=extended)
        except StepImpossible as error:
            assert (state, act) not in TABLE and ("possible is" in str(error) or "it is closed" in str(error))
        else:
            assert state in OPEN and not (extended and after == RequestState.RUNNING)


@given(right=st.sampled_from(RequestType), means=st.sampled_from(["", *Means]))
def test_what_hands_out_or_destroys_demands_more_than_what_only_stops(right: RequestType, means: str) -> None:
    assert is_known_enough(right, means) == (STRENGTH[means] >= DEMANDS[right])
    assert is_known_enough(RequestType.OBJECTION, "")
    assert not is_known_enough(RequestType.ERASURE, Means.DATUM) and not is_known_enough(RequestType.ACCESS, "")


@given(
    told=st.dictionaries(st.sampled_from("abc"), st.text(max_size=3), max_size=3),
    held=st.dictionaries(st.sampled_from("abc"), st.lists(st.text(max_size=3), max_size=2), max_size=3),
)
def test_values_prove_only_if_each_of_them_is_on_file(told: dict[str, str], held: dict[str, list[str]]) -> None:
    right = bool(told) and all(value in held.get(kind, []) for kind, value in told.items())
    if right:
        assert match_values(told, held) == (Means.TWO_ON_FILE if len(told) > 1 else Means.DATUM)
    else:
        with pytest.raises(IdentityRefused):
            match_values(told, held)


def test_an_access_request_goes_from_the_letter_to_the_answer(dana: Subject, post: Kept) -> None:
    now = now_of(dana)
    request = cases.open_request(dana, RequestType.ACCESS, by=BY, now=now, language="de", words=f"Wer sind Sie? {SECRET}")
    with pytest.raises(IdentityLacking, match="who is asking"):
        take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now)
    mail_code(request, by=BY, now=now)
    assert post.mails[0][0] == [DANA["email"]]
    code = re.search(r"\b(\d{8})\b", text_of(post.mails[0]))
    assert code and "Ohne den Code" in text_of(post.mails[0])
    check_code(request, f" {code[1][:4]} {code[1][4:]} ", by=BY, now=now + 1)
    assert (request.state, request.identity) == ("running", "code")
    take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now + 2)
    assert request.state == "executing"
    drafted = draft(request, "done", now + 3)
    said = Said(text=drafted.text + "\nMit Gruß von Eva", subject=drafted.subject, how=How.MAIL)
    take_step(request, Step.ANSWER, said, by=BY, now=now + 3)
    assert (request.state, request.closed_at, request.tell_at) == ("done", now + 3, None)
    told = text_of(post.mails[1])
    assert "Auskunft über Ihre Daten" in told and "Eva" in told and re.search(r"/my/[\w-]{60,}", told)
    assert "{" not in told
    acts = [(one.act, one.user_id, one.facts.get("told")) for one in read_history(request)]
    assert acts == [("open", 7, None), ("code", 7, None), ("identify", 7, None), ("carry_out", 7, None), ("answer", 7, "mail")]
    with pytest.raises(StepImpossible, match="closed"):
        take_step(request, Step.REFUSE, Said(text="no"), by=BY, now=now + 4)


def test_a_code_holds_an_hour_and_five_tries_and_five_codes(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana)
    mail_code(request, by=BY, now=now)
    code = re.search(r"\b(\d{8})\b", text_of(post.mails[0]))
    assert code
    with pytest.raises(IdentityRefused, match="over an hour old"):
        check_code(request, code[1], by=BY, now=now + HOUR)
    for _ in range(4):
        with pytest.raises(IdentityRefused, match="not the one"):
            check_code(request, "00000000" if code[1] != "00000000" else "1", by=BY, now=now)
    with pytest.raises(IdentityRefused, match="five times"):
        check_code(request, code[1], by=BY, now=now)
    for _ in range(4):
        mail_code(request, by=BY, now=now)
    with pytest.raises(IdentityRefused, match="Five codes"):
        mail_code(request, by=BY, now=now)
    assert request.identity == "" and len(post.mails) == 5


def test_nothing_is_ever_sent_to_or_proven_by_an_address_that_came_after_the_request(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana)
    rectify_person(dana, attributes={"city": "Ulm"}, source="console", now=now + 10, email="new@example.com", phone="+4930999999")
    assert addresses_on_file(request) == []
    with pytest.raises(NoAddress):
        mail_code(request, by=BY, now=now + 20)
    with pytest.raises(IdentityRefused, match="not what is on file"):
        check_values(request, {"phone": "+4930999999", "city": "Ulm"}, by=BY, now=now + 20)
    assert post.mails == []
    assert check_values(request, {"external_id": DANA["external_id"]}, by=BY, now=now + 20) == Means.DATUM


def test_two_things_on_file_are_more_than_one_and_what_was_told_is_not_kept(dana: Subject) -> None:
    request, now = open_one(dana, RequestType.ERASURE)
    check_values(request, {"city": " köln "}, by=BY, now=now)
    with pytest.raises(IdentityLacking):
        take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now)
    check_values(request, {"phone": DANA["phone"], "city": "Köln"}, by=BY, now=now)
    assert request.identity == "two_on_file"
    kinds = [one.facts for one in read_history(request) if one.act == "identify"]
    assert kinds == [{"means": "datum", "kinds": ["attribute"]}, {"means": "two_on_file", "kinds": ["attribute", "phone"]}]


def test_a_question_asked_promptly_stops_the_clock_until_it_is_answered(dana: Subject) -> None:
    request, now = open_one(dana, received_at=now_of(dana) - 2 * DAY)
    due = request.due_at
    take_step(request, Step.ASK_CLARIFICATION, Said(text="Which years?"), by=BY, now=now)
    assert request.state == "clarification" and request.paused_at == now and request.tell_at == now + 14 * DAY
    take_step(request, Step.CLARIFY, Said(text="All"), by=BY, now=now + 10 * DAY)
    assert request.state == "running" and request.paused_at is None
    assert request.due_at == term_end(request.received_at, unpack_seat(request.seat), 1, 10 * DAY) > due
    assert request.tell_at == request.due_at - 7 * DAY


def test_a_question_asked_late_is_asked_while_the_clock_runs(dana: Subject) -> None:
    request, now = open_one(dana, received_at=now_of(dana) - 20 * DAY)
    due = request.due_at
    take_step(request, Step.ASK_IDENTITY, Said(text="Your customer number?"), by=BY, now=now)
    assert (request.state, request.paused_at, request.due_at) == ("identity_check", None, due)
    assert read_history(request)[-1].facts == {"stops_clock": False, "told": "otherwise"}
    early, _ = open_one(dana)
    for language, said in WORDS.items():
        stands, runs = said["term_stands"], said["term_runs"]
        for kind in ("ask_identity", "ask_clarification"):
            late_text = draft(request, kind, now, language=language).text
            assert stands not in late_text and runs.partition("{")[0] in late_text, (
                "nobody is told that the clock stands still while it runs"
            )
            assert stands in draft(early, kind, now, language=language).text


def test_nobody_is_asked_who_they_are_when_that_is_known_well_enough_for_the_right(dana: Subject) -> None:
    request, now = open_one(dana, means=Means.LINK)
    with pytest.raises(StepImpossible, match="known well enough"):
        take_step(request, Step.ASK_IDENTITY, Said(text="A copy of your passport?"), by=BY, now=now)
    assert (request.state, request.paused_at) == ("running", None)
    assert Act.ASK_IDENTITY not in cases.acts_of(request)
    objection, now = open_one(dana, RequestType.OBJECTION)
    with pytest.raises(StepImpossible, match="known well enough"):
        cases.ask_person(objection, Act.ASK_IDENTITY, question="Who are you?", by=BY, now=now)
    weak, now = open_one(dana, means=Means.DATUM)
    assert Act.ASK_IDENTITY in cases.acts_of(weak), "one datum is not enough to hand everything out"
    take_step(weak, Step.ASK_IDENTITY, Said(text="One thing more?"), by=BY, now=now)


def test_an_extension_can_be_told_while_a_question_is_open_that_was_asked_too_late_to_stop_the_clock(dana: Subject) -> None:
    request, now = open_one(dana, received_at=now_of(dana) - 20 * DAY)
    take_step(request, Step.ASK_IDENTITY, Said(text="Your customer number?"), by=BY, now=now)
    due = request.due_at
    take_step(request, Step.EXTEND, Said(text="There are many records."), by=BY, now=now + DAY)
    assert request.state == "identity_check" and request.due_at > due + 50 * DAY
    assert Act.EXTEND not in cases.acts_of(request)
    cases.identify(request, Means.LOGIN, by=BY, now=now + 2 * DAY)
    assert request.state == "extended"


def test_an_extension_needs_reasons_and_the_first_month(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana)
    with pytest.raises(cases.ReasonMissing, match="reasons"):
        take_step(request, Step.EXTEND, Said(how=How.MAIL), by=BY, now=now)
    assert post.mails == []
    first = request.due_at
    drafted = draft(request, "extend", now, words="There are many records.")
    take_step(request, Step.EXTEND, Said(text=drafted.text, subject=drafted.subject, how=How.MAIL), by=BY, now=now)
    assert request.state == "extended" and request.due_at > first + 50 * DAY
    assert "many records" in text_of(post.mails[0])
    with pytest.raises(StepImpossible):
        take_step(request, Step.EXTEND, Said(text="again"), by=BY, now=now)
    late, _ = open_one(dana, received_at=now - 40 * DAY)
    with pytest.raises(ExtensionImpossible, match="first month is over"):
        take_step(late, Step.EXTEND, Said(text="late", how=How.MAIL), by=BY, now=now)
    assert len(post.mails) == 1
    take_step(request, Step.ASK_CLARIFICATION, Said(text="Which?"), by=BY, now=now + 1)
    take_step(request, Step.CLARIFY, Said(text="All"), by=BY, now=now + 2)
    assert request.state == "extended", "after a question it is still extended"


def test_a_refusal_says_why_and_names_the_remedies_in_every_language(dana: Subject, post: Kept) -> None:
    for language, court in (("en", "court"), ("de", "Gericht"), ("fr", "juridictionnel"), ("es", "tribunales")):
        request, now = open_one(dana)
        with pytest.raises(cases.ReasonMissing):
            take_step(request, Step.REFUSE, Said(text=" "), by=BY, now=now)
        drafted = draft(request, "refuse", now, language=language, words="Because.")
        take_step(request, Step.REFUSE, Said(text=drafted.text, subject=drafted.subject, how=How.MAIL), by=BY, now=now)
        told = text_of(post.mails[-1])
        assert request.state == "refused" and "Because." in told and court in told and "77" in told


def test_every_draft_can_be_written_in_every_language(dana: Subject) -> None:
    for right in RequestType:
        request, now = open_one(dana, right)
        for language in ("en", "de", "fr", "es"):
            for kind in ("received", "code", "ask_identity", "ask_clarification", "extend", "refuse", "done"):
                made = draft(request, kind, now, language=language, words="W", code="C")
                assert made.language == language and WS in made.subject and len(made.text) > 80
                assert "{" not in made.text.replace("{data_link}", "")


@pytest.mark.parametrize("right", [right for right in RequestType if right != RequestType.ERASURE])
def test_each_right_is_carried_out_and_recorded_in_one_request(dana: Subject, right: RequestType) -> None:
    request, now = open_one(dana, right, means=Means.LOGIN)
    details = Details(attributes={"city": "Paris"}, finding="Looked at again: stays.")
    take_step(request, Step.CARRY_OUT, Said(details=details), by=BY, now=now)
    assert request.state == "executing"
    stood = load_stances([dana.person_id]).get(dana.person_id, {})
    if right == RequestType.RECTIFICATION:
        assert load_person(dana).attributes["city"] == "Paris"
    elif right == RequestType.RESTRICTION:
        assert is_restricted(stood)
    elif right == RequestType.OBJECTION:
        assert stood["marketing_email"] == stood["behavioural_profiling"] == Standing.REFUSED
    elif right == RequestType.CONSENT_WITHDRAWAL:
        assert request.steps == {"purposes": ["marketing_email", "click_tracking"]} or set(request.steps["purposes"]) == {
            "marketing_email",
            "click_tracking",
        }
        assert stood["marketing_email"] == stood["click_tracking"] == Standing.REFUSED
    take_step(request, Step.ANSWER, Said(text="Done."), by=BY, now=now + 1)
    assert request.state == "done"
    assert PrivacyRequest.objects.filter(person_id=dana.person_id, type=right, state="done").count() == 1


def test_what_was_not_said_cannot_be_carried_out_and_leaves_no_trace(dana: Subject) -> None:
    for right in (RequestType.RECTIFICATION, RequestType.HUMAN_REVIEW):
        request, now = open_one(dana, right, means=Means.LOGIN)
        with pytest.raises(DetailMissing):
            take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now)
        request.refresh_from_db()
        assert request.state == "running" and [one.act for one in read_history(request)] == ["open", "identify"]


def test_whoever_is_erased_is_told_before_and_what_was_written_goes_with_them(dana: Subject, post: Kept) -> None:
    request, now = open_one(dana, RequestType.ERASURE, words=SECRET, means=Means.MANDATE)
    other, _ = open_one(dana, RequestType.ACCESS, words=SECRET)
    drafted = draft(request, "done", now)
    take_step(request, Step.CARRY_OUT, Said(text=drafted.text, subject=drafted.subject, how=How.MAIL), by=BY, now=now)
    assert request.state == "deleted" and request.person_id is None
    assert post.mails[0][0] == [DANA["email"]] and "/my/request/" in text_of(post.mails[0])
    assert not RequestWords.objects.filter(workspace_id=dana.workspace_id).exists()
    assert read_words(request) == {}
    kept = read_history(request)[-1]
    assert (kept.act, kept.user_id, kept.facts["means"], kept.facts["told"]) == ("delete", 7, "mandate", "mail")
    other.refresh_from_db()
    assert (other.state, other.person_id, other.tell_at) == ("done", None, None)
    left = [*RequestStep.objects.values(), *PrivacyRequest.objects.exclude(pk=request.pk).values()]
    assert SECRET not in str(left) and DANA["email"] not in str(left) and str(dana.person_id) not in str(left)


def test_a_mail_that_cannot_leave_moves_nothing(dana: Subject) -> None:
    from troth.messages.direct import NotSent

    request, now = open_one(dana, RequestType.ERASURE, means=Means.LOGIN)
    with pytest.raises(NotSent):
        take_step(request, Step.CARRY_OUT, Said(text="Gone.", how=How.MAIL), by=BY, now=now)
    assert load_person(dana) and PrivacyRequest.objects.get(pk=request.pk).state == "running"


def test_a_request_that_moves_to_another_person_takes_its_words_along(dana: Subject) -> None:
    from troth.kernel.personal_data import move_everywhere
    from troth.people.lookup import find_people

    request, _now = open_one(dana, words="Hello")
    bob = find_people(dana.workspace_id, "bob@example.com")[0]
    move_everywhere(dana, bob)
    request.refresh_from_db()
    assert request.person_id == bob.person_id
    assert [words.text for words in read_words(request).values()] == ["Hello"]


def test_the_desk_at_the_command_line(dana: Subject, post: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    def troth(*words: str) -> tuple[int, str]:
        code = main(["privacy", *words])
        told: Any = capsys.readouterr()
        return code, told.out + told.err

    assert (
        "DE-BY, Europe/Berlin; told: dpo@example.com"
        in troth("seat", WS, "--country", "de", "--region", "by", "--zone", "Europe/Berlin", "--contact", "dpo@example.com")[1]
    )
    assert troth("seat", WS, "--country", "XX")[0] == 1
    code, told = troth("open", WS, DANA["email"], "erasure", "--received", "2026-03-05T10:00:00Z")
    assert code == 1 or "answer due 2026-04-07" in told  # Easter Monday; the person must have been known then to be written to
    request = re.search(r"Request (\S+):", troth("open", WS, DANA["email"], "objection", "--words", "No more")[1])
    assert request
    assert "identity" not in troth("step", request[1], "carry_out")[1]
    assert "we stopped what you objected to" in troth("step", request[1], "answer", "--draft")[1]
    assert troth("step", request[1], "answer", "--text", "Done", "--mail")[1].endswith("done\n")
    assert "we stopped what you objected to" in text_of(post.mails[-1])
    shown = troth("requests", "--show", request[1])[1]
    assert "objection, done" in shown and "carry_out" in shown and ": No more" in shown
    access = re.search(r"Request (\S+):", troth("open", WS, DANA["email"], "access")[1])
    assert access
    assert "mailed" in troth("identify", access[1], "--send-code")[1]
    told_code = re.search(r"\b(\d{8})\b", text_of(post.mails[-1]))
    assert told_code and "known by code" in troth("identify", access[1], "--code", told_code[1])[1]
    assert troth("identify", access[1], "--value", "phone")[0] == 1


def test_an_erasure_by_another_door_closes_what_was_open_with_a_step(dana: Subject) -> None:
    request, now = open_one(dana)
    erase_person(dana, now=now, source="api")
    assert [one.act for one in read_history(PrivacyRequest.objects.get(pk=request.pk))] == ["open", "close"]
