"""The privacy desk: the list, one request from its receipt to its answer, many at once, and who may."""

from __future__ import annotations

import email
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client

from tests.console.test_people import know, post, read
from tests.mail_server import Kept
from tests.members import join
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.privacy.certificate import CertificateInvalid, verify_certificate
from troth.privacy.desk.cases import open_request
from troth.privacy.history import By
from troth.privacy.legal_clock import Seat
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.seats import set_seat


@pytest.fixture
def officer(workspace: Any) -> Client:
    return join(workspace, "privacy_officer")


@pytest.fixture
def dana(workspace: Any) -> Subject:
    return know(workspace, "dana", email="dana@example.com", phone="+491701234567", locale="de", city="Ulm")


def ask(subject: Subject, right: RequestType, **more: Any) -> PrivacyRequest:
    return open_request(subject, right, by=By("api"), now=now_ms(), **more)


def text_of(mail: tuple[list[str], bytes]) -> str:
    body = email.message_from_bytes(mail[1], policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def letter_of(page: str) -> tuple[str, str]:
    from html import unescape

    subject, text = re.search(r'name="subject" value="([^"]*)"', page), re.search(r'<textarea id="text"[^>]*>([^<]*)<', page)
    assert subject and text
    return unescape(subject[1]), unescape(text[1])


def test_a_letter_becomes_a_request_is_checked_answered_and_proven(
    officer: Client, workspace: Any, dana: Subject, mail_server: Kept
) -> None:
    assert "New request" in read(officer, workspace, f"people/{dana.person_id}")
    read(officer, workspace, f"desk/_new/{dana.person_id}")
    made = post(officer, workspace, f"desk/_new/{dana.person_id}", type="access", words="What do you know of me?")
    request = PrivacyRequest.objects.get(type="access")
    assert made.status_code == 302 and str(request.pk) in made.url
    page = read(officer, workspace, f"desk/{request.pk}")
    for shown in ("Check who is asking", "What do you know of me?", "Answer due", "not known yet", "<svg", "Acknowledge"):
        assert shown in page, shown
    assert "dana@example.com" in read(officer, workspace, f"desk/{request.pk}/identity")
    assert post(officer, workspace, f"desk/{request.pk}/identity", what="send").status_code == 200
    code = re.search(r"\b(\d{8})\b", text_of(mail_server.mails[0]))
    assert code and mail_server.mails[0][0] == ["dana@example.com"]
    wrong = post(officer, workspace, f"desk/{request.pk}/identity", what="code", code="1")
    assert wrong.status_code == 422 and "not the one that was sent" in wrong.content.decode()
    assert post(officer, workspace, f"desk/{request.pk}/identity", what="code", code=code[1]).status_code == 302
    assert "Make the data ready" in read(officer, workspace, f"desk/{request.pk}")
    assert post(officer, workspace, f"desk/{request.pk}/step/carry_out").status_code == 302
    download = officer.post(f"/console/{workspace.pk}/desk/{request.pk}/data")
    with zipfile.ZipFile(io.BytesIO(b"".join(download.streaming_content))) as archive:
        assert b"dana@example.com" in archive.read("person.json")
    subject, text = letter_of(read(officer, workspace, f"desk/{request.pk}/step/answer"))
    assert "Auskunft" in text, "the letter is in the person's language"
    assert "access" in letter_of(read(officer, workspace, f"desk/{request.pk}/step/answer?language=en"))[1]
    answered = post(officer, workspace, f"desk/{request.pk}/step/answer", subject=subject, text=text + " Eva", how="mail")
    assert answered.status_code == 302 and "Eva" in text_of(mail_server.mails[1])
    page = read(officer, workspace, f"desk/{request.pk}")
    assert "There is nothing more to do." in page and "Eva" in page
    told = (
        "The request came",
        "It is known who asks",
        "a code to the address on file",
        "The person was answered",
        "by mail",
        "in the console",
    )
    assert [says for says in told if says not in page] == [], "the history is in words"
    evidence = officer.get(f"/console/{workspace.pk}/desk/{request.pk}/evidence").content.decode()
    claims = verify_certificate(evidence)
    assert (claims["right"], claims["state"], claims["identity"]["means"], claims["clock"]["in_time"]) == ("access", "done", "code", True)
    assert [step["step"] for step in claims["steps"]] == ["open", "code", "identify", "carry_out", "hand_out", "answer"]
    assert "What do you know" not in evidence and "dana@example.com" not in evidence and "Eva" in evidence
    document = json.loads(evidence)
    document["claims"]["clock"]["answered_at"] = "2020-01-01T00:00:00.000Z"
    with pytest.raises(CertificateInvalid):
        verify_certificate(json.dumps(document))


def test_a_refusal_with_a_gap_or_without_reasons_does_not_leave(officer: Client, workspace: Any, dana: Subject, mail_server: Kept) -> None:
    request = ask(dana, RequestType.RECTIFICATION)
    subject, text = letter_of(read(officer, workspace, f"desk/{request.pk}/step/refuse"))
    refused = post(officer, workspace, f"desk/{request.pk}/step/refuse", subject=subject, text=text, how="mail")
    assert refused.status_code == 422 and "your own words" in refused.content.decode()
    assert mail_server.mails == []
    text = text.replace("[…]", "Es stimmt schon.")
    assert post(officer, workspace, f"desk/{request.pk}/step/refuse", subject=subject, text=text, how="mail").status_code == 302
    assert "Aufsichtsbehörde" in text_of(mail_server.mails[0])
    assert PrivacyRequest.objects.get(pk=request.pk).state == "refused"


def test_an_erasure_tells_the_person_before_and_shows_its_proof_after(
    officer: Client, workspace: Any, dana: Subject, mail_server: Kept
) -> None:
    request = ask(dana, RequestType.ERASURE, means="login")
    subject, text = letter_of(read(officer, workspace, f"desk/{request.pk}/step/carry_out"))
    path = f"desk/{request.pk}/step/carry_out"
    unsure = post(officer, workspace, path, subject=subject, text=text, how="mail", needs_sure="1")
    assert unsure.status_code == 422 and mail_server.mails == []
    assert post(officer, workspace, path, subject=subject, text=text, how="mail", needs_sure="1", sure="1").status_code == 302
    assert "/my/request/" in text_of(mail_server.mails[0])
    page = read(officer, workspace, f"desk/{request.pk}")
    assert "gone: nothing here says who it was" in page and "Searched in every byte kept" in page
    assert "dana@example.com" not in page


@pytest.mark.parametrize(
    ("right", "fields", "says"),
    [
        (RequestType.OBJECTION, {"scope": "chosen", "purpose": "marketing_email"}, "marketing_email"),
        (RequestType.CONSENT_WITHDRAWAL, {"scope": "all"}, "Carried out"),
        (RequestType.RESTRICTION, {}, "restricted"),
        (RequestType.RECTIFICATION, {"by_hand": "1"}, "by hand"),
        (RequestType.HUMAN_REVIEW, {"finding": "The score was wrong."}, "The score was wrong."),
    ],
)
def test_each_right_has_its_own_way_at_the_desk(
    officer: Client, workspace: Any, dana: Subject, right: RequestType, fields: dict[str, str], says: str
) -> None:
    request = ask(dana, right, means="login")
    read(officer, workspace, f"desk/{request.pk}/step/carry_out")
    assert post(officer, workspace, f"desk/{request.pk}/step/carry_out", **fields).status_code == 302
    page = read(officer, workspace, f"desk/{request.pk}")
    assert says in page and "Answer the person" in page
    if right == RequestType.HUMAN_REVIEW:
        assert "The score was wrong." in letter_of(read(officer, workspace, f"desk/{request.pk}/step/answer"))[1]


def test_the_list_shows_what_is_open_due_soon_and_overdue(officer: Client, workspace: Any, dana: Subject) -> None:
    now = now_ms()
    late = ask(dana, RequestType.ACCESS, received_at=now - 45 * DAY)
    soon = ask(dana, RequestType.OBJECTION, received_at=now - 27 * DAY)
    waits = ask(dana, RequestType.ERASURE)
    post(officer, workspace, f"desk/{waits.pk}/step/ask_identity", text="Your number?", how="otherwise")

    def shown(query: str) -> set[str]:
        return set(re.findall(r'/desk/([0-9a-f-]{36})"', read(officer, workspace, f"desk{query}")))

    assert shown("") == {str(one.pk) for one in (late, soon, waits)}
    assert shown("?show=overdue") == {str(late.pk)} and shown("?show=due_soon") == {str(soon.pk)}
    assert shown("?show=open&type=erasure") == {str(waits.pk)}
    page = read(officer, workspace, "desk")
    assert "Overdue 1" in page and "Due within a week 1" in page and "the clock stands still" in page


def test_many_are_carried_out_at_once_and_who_cannot_says_why(officer: Client, workspace: Any, dana: Subject, mail_server: Kept) -> None:
    easy = [ask(dana, RequestType.OBJECTION) for _ in range(2)]
    hard = ask(dana, RequestType.ACCESS)
    ids = [str(one.pk) for one in (*easy, hard)]
    asked = post(officer, workspace, "desk/_many", request=ids, step="carry_out")
    assert asked.status_code == 200 and "Carry out 3 requests?" in asked.content.decode()
    assert {one.state for one in PrivacyRequest.objects.all()} == {"received"}
    done = post(officer, workspace, "desk/_many", request=ids, step="carry_out", sure="1")
    assert str(hard.pk) in done.content.decode() and "who is asking" in done.content.decode()
    answered = post(officer, workspace, "desk/_many", request=ids[:2], step="answer", sure="1")
    assert answered.status_code == 302 and len(mail_server.mails) == 2
    assert "widersprochen" in text_of(mail_server.mails[0]) or "gewandt" in text_of(mail_server.mails[0])
    assert sorted(one.state for one in PrivacyRequest.objects.all()) == ["done", "done", "received"]


def test_only_who_exercises_rights_takes_steps(workspace: Any, dana: Subject) -> None:
    request = ask(dana, RequestType.ACCESS)
    marketer, viewer = join(workspace, "marketer"), join(workspace, "viewer")
    page = read(marketer, workspace, f"desk/{request.pk}")
    assert "Check who is asking" not in page and "Evidence" not in page
    for path in (f"desk/{request.pk}/identity", f"desk/{request.pk}/step/note", f"desk/{request.pk}/data", "desk/_many"):
        assert post(marketer, workspace, path).status_code == 403
    assert viewer.get(f"/console/{workspace.pk}/desk").status_code == 403


def test_the_seat_is_a_setting_whose_holidays_are_known(workspace: Any, dana: Subject) -> None:
    owner = join(workspace, "owner")
    page = read(owner, workspace, "settings")
    assert ">Germany</option>" in page
    fields = {"name": workspace.name, "audit_days": "400", "seat_country": "DE", "seat_zone": "Europe/Berlin"}
    wrong = post(owner, workspace, "settings", **fields, seat_region="XX")
    assert wrong.status_code == 200 and "no such region" in wrong.content.decode()
    assert post(owner, workspace, "settings", **fields, seat_region="by", privacy_contact="dpo@example.com").status_code == 303
    assert ask(dana, RequestType.OBJECTION).seat == ["DE", "BY", "Europe/Berlin"]


def test_a_term_ends_with_the_day_at_the_seat_whatever_day_it_is_where_it_is_read(
    officer: Client, workspace: Any, dana: Subject, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page, Home and the command line name the day that the letter names; a day later would be too late (Art. 12(3))."""
    set_seat(workspace, Seat(zone="America/New_York"))
    request = ask(dana, RequestType.ACCESS)
    there = datetime.fromtimestamp(request.due_at // 1000, ZoneInfo("America/New_York")).date()
    assert datetime.fromtimestamp(request.due_at // 1000, UTC).date() > there
    page, home = read(officer, workspace, f"desk/{request.pk}"), read(officer, workspace, "")
    assert page.count(f'<time datetime="{there}"') == 3  # on the line of the clock, beside it, and until when it can be extended
    assert f'<time datetime="{there}"' in home
    call_command("privacy_requests", show=str(request.pk))
    call_command("privacy_requests", workspace.name)
    told = capsys.readouterr().out
    assert told.count(f"due {there} ") == 2 and f"until {there}" in told
    letter = read(officer, workspace, f"desk/{request.pk}/step/acknowledge?language=en")
    assert f"by {there.day} {there:%B %Y}" in letter


def test_the_particular_steps_have_pages_of_their_own(officer: Client, workspace: Any, dana: Subject, mail_server: Kept) -> None:
    objection = ask(dana, RequestType.OBJECTION)
    page = read(officer, workspace, f"desk/{objection.pk}")
    assert "Weigh the grounds" in page and "Ask a fee" in page
    read(officer, workspace, f"desk/{objection.pk}/step/weigh")
    post(officer, workspace, f"desk/{objection.pk}/step/weigh", finding="Theirs prevails.", prevails="no")
    subject, text = letter_of(read(officer, workspace, f"desk/{objection.pk}/step/ask_fee?ground=excessive&fee=9.00+EUR&language=en"))
    assert "9.00 EUR" in text
    post(
        officer,
        workspace,
        f"desk/{objection.pk}/step/ask_fee",
        ground="excessive",
        fee="9.00 EUR",
        subject=subject,
        text=text.replace("[…]", "Weekly."),
        how="mail",
    )
    assert "9.00 EUR" in text_of(mail_server.mails[-1])
    refusal = read(officer, workspace, f"desk/{objection.pk}/step/refuse?ground=unfounded&language=en")
    assert "manifestly unfounded" in letter_of(refusal)[1] and 'name="ground" value="unfounded"' in refusal
    post(officer, workspace, f"desk/{objection.pk}/step/refuse", ground="unfounded", text="It is a joke.", how="otherwise")
    objection.refresh_from_db()
    assert objection.state == "refused"
    restriction = open_request(dana, RequestType.RESTRICTION, by=By("api"), now=now_ms(), means="login")
    post(officer, workspace, f"desk/{restriction.pk}/step/carry_out")
    post(officer, workspace, f"desk/{restriction.pk}/step/answer", text="Restricted.", how="otherwise")
    page = read(officer, workspace, f"desk/{restriction.pk}")
    assert "Say that it ends" in page and "Lift the restriction" not in page
    post(officer, workspace, f"desk/{restriction.pk}/step/announce_lifting", text="It ends.", how="otherwise")
    assert "Lift the restriction" in read(officer, workspace, f"desk/{restriction.pk}")
    post(officer, workspace, f"desk/{restriction.pk}/step/lift", text="settled")
    assert "Say that it ends" not in read(officer, workspace, f"desk/{restriction.pk}")


def test_somebody_not_on_file_is_taken_looked_for_and_answered(officer: Client, workspace: Any, dana: Subject, mail_server: Kept) -> None:
    assert "Take a request" in read(officer, workspace, "desk")
    read(officer, workspace, "desk/_unknown")
    post(officer, workspace, "desk/_unknown", type="access", address="eva@example.com", words="What do you know?")
    made = PrivacyRequest.objects.get(person_id=None)
    page = read(officer, workspace, f"desk/{made.pk}")
    assert "not on file" in page and "Look again" in page and "Say that nothing is found" in page and "What do you know?" in page
    assert "not on file" in read(officer, workspace, "desk")
    read(officer, workspace, f"desk/{made.pk}/identity")
    post(officer, workspace, f"desk/{made.pk}/identity", external_id="nobody")
    subject, text = letter_of(read(officer, workspace, f"desk/{made.pk}/step/not_found?language=en"))
    post(officer, workspace, f"desk/{made.pk}/step/not_found", subject=subject, text=text, how="mail")
    assert mail_server.mails[-1][0] == ["eva@example.com"] and "Art. 11(2)" in text_of(mail_server.mails[-1])
    post(officer, workspace, "desk/_unknown", type="access", address="eva@example.com")
    again = PrivacyRequest.objects.filter(person_id=None, state="received").get()
    post(officer, workspace, f"desk/{again.pk}/identity", phone="+491701234567")
    again.refresh_from_db()
    assert again.person_id == dana.person_id


def test_a_letter_is_written_with_its_variables_previewed_and_put_back(officer: Client, workspace: Any, dana: Subject) -> None:
    assert "Refused: manifestly unfounded" in read(officer, workspace, "desk/_letters")
    page = read(officer, workspace, "desk/_letters/received/de")
    assert "{due}" in page and "Guten Tag" in page and "Put the built-in letter back" not in page
    place = f"/console/{workspace.pk}/desk/_letters/received/de"
    wrong = officer.post(place, {"subject": "S", "text": "Hallo {nam}", "do": "save"})
    assert wrong.status_code == 422 and "Line 1, column 7" in wrong.content.decode() and "Hallo {nam}" in wrong.content.decode()
    shown = officer.post(place, {"subject": "S", "text": "Bis {due}.", "do": "preview"}).content.decode()
    assert 'id="preview"' in shown and "Bis {due}." in shown
    post(officer, workspace, "desk/_letters/received/de", subject="S", text="Bis {due}.", do="save")
    assert "own, version 1" in read(officer, workspace, "desk/_letters")
    request = ask(dana, RequestType.ACCESS)
    assert letter_of(read(officer, workspace, f"desk/{request.pk}/step/acknowledge"))[1].startswith("Bis ")
    post(officer, workspace, "desk/_letters/received/de", subject="S", text="Bis {due}.", do="back")
    assert letter_of(read(officer, workspace, f"desk/{request.pk}/step/acknowledge"))[1].startswith("Guten Tag")
    assert read(officer, workspace, "desk/_letters").count("own, version") == 0


def test_where_another_controller_decides_nobody_refuses_or_extends(officer: Client, workspace: Any, dana: Subject) -> None:
    made = ask(dana, RequestType.ACCESS)
    assert "Refuse…" in read(officer, workspace, f"desk/{made.pk}")
    workspace.processes_for = "Acme SARL"
    workspace.save()
    page = read(officer, workspace, f"desk/{made.pk}")
    assert "Acme SARL" in page
    assert "Refuse…" not in page
    assert "Extend…" not in page
    assert "Can be extended" not in page


def test_every_step_door_and_means_has_words() -> None:
    from troth.console.desk.wording import MEANS, STAGES, STEPS
    from troth.privacy.desk.identity import Means
    from troth.privacy.desk.reminding import WORDS
    from troth.privacy.states import Act

    assert STEPS.keys() >= set(map(str, Act)) and MEANS.keys() == set(map(str, Means)) and STAGES.keys() == WORDS.keys()


def test_an_objection_that_is_typed_in_stands_still_at_once_and_the_page_says_so(officer: Client, workspace: Any, dana: Subject) -> None:
    assert "what the person names" in read(officer, workspace, f"desk/_new/{dana.person_id}")
    post(officer, workspace, f"desk/_new/{dana.person_id}", type="objection", purpose="marketing_email")
    request = PrivacyRequest.objects.get(type="objection")
    page = read(officer, workspace, f"desk/{request.pk}")
    for shown in ("Stands still", "News and offers by e-mail", "What the person objects to stands still"):
        assert shown in page, shown
    assert "stands still: an objection is weighed" in read(officer, workspace, f"people/{dana.person_id}")
    assert "What the person named" in read(officer, workspace, f"desk/{request.pk}/step/carry_out")
    post(officer, workspace, f"desk/{request.pk}/step/carry_out", scope="all")
    page = read(officer, workspace, f"desk/{request.pk}")
    assert "until the objection is decided" not in page, "it is decided"
