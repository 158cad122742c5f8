"""Breaches: the 72 hours, whom a breach touched, and the register by API."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from tests.mail_server import run_mail_server
from troth.kernel.checks import examine
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.privacy.breaches.affected import count_affected
from troth.privacy.breaches.clock import Stage, read_clock
from troth.privacy.breaches.papers import LETTERS, Sender, write_letter, write_notification
from troth.privacy.breaches.register import (
    BreachInvalid,
    BreachOpen,
    BreachUnknown,
    close_breach,
    decide_breach,
    find_breach,
    list_steps,
    note_told,
    record_breach,
    revise_breach,
)
from troth.privacy.breaches.telling import tell_of_breaches
from troth.workspaces.audit import record_access
from troth.workspaces.models import Member, User

NOW = now_ms()
ACME = Sender("Acme", "dpo@acme.example")


@settings(deadline=None)
@given(
    st.integers(0, 2**31).map(lambda seconds: seconds * 1_000),
    st.sampled_from(["", "tell", "no_risk"]),
    st.none() | st.integers(0, 200),
    st.integers(0, 200),
)
def test_the_clock_is_what_a_person_with_a_calendar_would_say(aware: int, decision: str, told_after: int | None, now_after: int) -> None:
    told_at = None if told_after is None else aware + told_after * HOUR
    clock = read_clock(aware, decision, told_at, aware + now_after * HOUR)
    start = datetime.fromtimestamp(aware / 1000, UTC)
    assert datetime.fromtimestamp(clock.due_at / 1000, UTC) - start == timedelta(days=3)
    if told_after is not None:
        assert (clock.stage, clock.left) == (Stage.TOLD if told_after <= 72 else Stage.TOLD_LATE, None)
    elif decision == "no_risk":
        assert (clock.stage, clock.is_overdue) == (Stage.NOT_TOLD, False)
    else:
        assert clock.is_overdue is (now_after > 72)
        assert clock.is_soon is (48 <= now_after <= 72)
        assert clock.stage is (Stage.TO_TELL if decision else Stage.UNDECIDED)


def test_whom_it_touched_is_counted_from_what_members_did(workspace: Any) -> None:
    def acts(user: int, action: str, person: int, ago: int) -> None:
        record_access(workspace.pk, user_id=user, role="marketer", action=action, at=NOW - ago, person_id=person)

    acts(1, "person.read", 101, 2 * HOUR)
    acts(1, "person.read", 101, HOUR)
    acts(1, "person.exported", 102, HOUR)
    acts(1, "people.list", 0, HOUR)
    acts(2, "person.read", 103, HOUR)
    acts(1, "person.read", 104, 2 * DAY)
    everybody = count_affected(workspace.pk, NOW - DAY, NOW)
    assert (everybody.people, everybody.records, everybody.lists, everybody.exports) == (3, 5, 1, 1)
    assert count_affected(workspace.pk, NOW - DAY, NOW, user_id=1).people == 2
    assert count_affected(workspace.pk + 1, NOW - DAY, NOW).records == 0


def test_nothing_is_closed_before_it_is_decided_and_everybody_told(workspace: Any) -> None:
    breach = record_breach(workspace.pk, {"title": "A laptop was lost", "aware_at": NOW - HOUR}, user_id=7, now=NOW)
    with pytest.raises(BreachOpen, match="First decide"):
        close_breach(breach, user_id=7, now=NOW)
    with pytest.raises(BreachInvalid, match="say why no risk"):
        decide_breach(breach, tell=False, reason=" ", high_risk=False, user_id=7, now=NOW)
    with pytest.raises(BreachInvalid, match="high risk is told"):
        decide_breach(breach, tell=False, reason="encrypted", high_risk=True, user_id=7, now=NOW)
    decide_breach(breach, tell=True, reason="names and addresses", high_risk=True, user_id=7, now=NOW)
    note_told(breach, "authority", at=NOW, note="no. 12", user_id=7, now=NOW)
    with pytest.raises(BreachOpen, match="persons are to be told"):
        close_breach(breach, user_id=7, now=NOW)
    note_told(breach, "persons", at=NOW, note="", user_id=7, now=NOW)
    close_breach(breach, user_id=7, now=NOW)
    assert [step.what for step in list_steps(breach)] == ["recorded", "decided", "told_authority", "told_persons", "closed"]


def test_an_authority_told_late_is_told_why(workspace: Any) -> None:
    breach = record_breach(workspace.pk, {"title": "Found late", "aware_at": NOW - 4 * DAY}, user_id=7, now=NOW)
    with pytest.raises(BreachInvalid, match="reasons for the delay"):
        note_told(breach, "authority", at=NOW, note="", user_id=7, now=NOW)
    note_told(breach, "authority", at=NOW, note="The provider told us in phases.", user_id=7, now=NOW)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(write_notification(breach, ACME, NOW).as_pdf())).pages)
    assert "supplement" in text
    assert "The provider told us in phases." in text
    assert "dpo@acme.example" in text


def test_what_was_said_before_stays_as_a_step(workspace: Any) -> None:
    breach = record_breach(workspace.pk, {"title": "A list went astray", "people": 10}, user_id=7, now=NOW)
    revise_breach(breach, {"people": 140, "facts": "The list was longer."}, user_id=8, now=NOW + HOUR)
    revised = list_steps(breach)[-1]
    assert (revised.before, revised.detail, revised.user_id) == ({"people": 10, "facts": ""}, ["facts", "people"], 8)
    for wrong in ({"aware_at": NOW + DAY}, {"kinds": []}, {"began_at": NOW, "ended_at": NOW - 1}, {"colour": 1}):
        with pytest.raises(BreachInvalid):
            revise_breach(breach, wrong, user_id=8, now=NOW)
    with pytest.raises(BreachUnknown):
        find_breach(workspace.pk + 1, breach.pk)


@pytest.mark.parametrize("language", sorted(LETTERS))
def test_words_for_the_persons_say_all_that_the_law_asks(workspace: Any, language: str) -> None:
    said = {"title": "A {list}", "facts": "F1", "effects": "E1", "remedy": "R1"}
    letter = write_letter(record_breach(workspace.pk, said, user_id=7, now=NOW), ACME, language)
    assert all(part in letter for part in ("A {list}", "F1", "E1", "R1", "dpo@acme.example", "Acme"))


def test_the_doctor_warns_in_the_last_day_and_after(workspace: Any) -> None:
    record_breach(workspace.pk, {"title": "A list went astray", "aware_at": NOW}, user_id=7, now=NOW)

    def found(now: int) -> Any:
        return next(one for one in examine(now) if one.check == "breaches")

    assert found(NOW + HOUR).ok
    assert not found(NOW + 49 * HOUR).ok
    assert "1 past 72 hours" in found(NOW + 73 * HOUR).says


def test_who_keeps_the_register_is_told_when_a_breach_comes_a_day_before_the_end_and_after_it(workspace: Any, settings: Any) -> None:
    for role in ("owner", "dpo", "marketer"):
        Member.objects.create(user=User.objects.create_user(f"{role}@acme.example"), workspace=workspace, role=role)
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        breach = record_breach(workspace.pk, {"title": "Dana's file was lost", "aware_at": NOW}, user_id=1, now=NOW)
        quiet = record_breach(workspace.pk, {"title": "Nothing"}, user_id=1, now=NOW)
        decide_breach(quiet, tell=False, reason="It was encrypted.", high_risk=False, user_id=1, now=NOW)
        for at in (NOW, NOW + HOUR, NOW + 49 * HOUR, NOW + 50 * HOUR, NOW + 73 * HOUR, NOW + 90 * HOUR):
            tell_of_breaches(at)
        assert [mail[0] for mail in kept.mails] == [["owner@acme.example"], ["dpo@acme.example"]] * 3
        texts = [mail[1].decode() for mail in kept.mails[::2]]
        assert ["72 hours run" in texts[0], "within a day" in texts[1], "OVER" in texts[2]] == [True] * 3
        assert not any("Dana" in text for text in texts), "a mail says nothing of what happened"
        reminded = [step.detail[0] for step in list_steps(breach) if step.what == "reminded"]
        assert reminded == ["new", "soon", "over"]


def test_an_address_that_is_refused_keeps_nobody_from_being_told_and_nobody_is_told_again_for_it(workspace: Any, settings: Any) -> None:
    for role in ("owner", "dpo", "privacy_officer"):
        Member.objects.create(user=User.objects.create_user(f"{role}@acme.example"), workspace=workspace, role=role)
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        kept.refused = {"dpo@acme.example"}
        record_breach(workspace.pk, {"title": "A list went astray", "aware_at": NOW}, user_id=1, now=NOW)
        for at in (NOW, NOW + HOUR):
            tell_of_breaches(at)
        assert [mail[0] for mail in kept.mails] == [["owner@acme.example"], ["privacy_officer@acme.example"]]


def test_while_nobody_can_be_told_it_is_tried_again(workspace: Any, settings: Any) -> None:
    Member.objects.create(user=User.objects.create_user("owner@acme.example"), workspace=workspace, role="owner")
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        kept.refused = {"owner@acme.example"}
        record_breach(workspace.pk, {"title": "A list went astray", "aware_at": NOW}, user_id=1, now=NOW)
        tell_of_breaches(NOW)
        kept.refused = set()
        tell_of_breaches(NOW + HOUR)
        assert [mail[0] for mail in kept.mails] == [["owner@acme.example"]]
