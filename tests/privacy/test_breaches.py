"""Breaches: the 72 hours, whom a breach touched, and the register by API."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from tests.mail_server import run_mail_server
from troth.intake.commands import Alias, Identify, Identity
from troth.intake.door import apply
from troth.kernel.checks import examine
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import find_person
from troth.privacy.breaches import touched as touching
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
from troth.privacy.breaches.touched import TouchedList
from troth.privacy.erasure.erasing import erase_person
from troth.workspaces.audit import read_entries, record_access
from troth.workspaces.models import FormerTag, Member, User
from troth.workspaces.shown import find_lists, note_shown

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
    assert "dpo@acme.example" in text and "Officer or contact point" in text
    assert " UTC" in text and re.search(r"\.\d{3}Z", text) is None  # for people to read


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


def people_of(workspace: Any, *names: str) -> dict[str, int]:
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": NOW}
    apply(
        [
            Identify(identity=Identity(external_id=name, email=f"{name}@example.com"), attributes={"language": "de"}, **common)
            for name in names
        ],
        now=NOW - 5 * HOUR,
    )
    return {name: find_person(workspace.pk, name).person_id for name in names}


def act(workspace: Any, action: str, ago: int, *, person: int = 0, shows: tuple[int, ...] = (), user: int = 1) -> None:
    entry = record_access(workspace.pk, user_id=user, role="marketer", action=action, at=NOW - ago, person_id=person)
    if shows:
        note_shown(workspace.pk, entry, shows)


def listed(touched: TouchedList) -> dict[int, Any]:
    found = list(touched)
    assert len({one.person_id for one in found}) == len(found), "each stands there once"
    return {one.person_id: one for one in found}


@pytest.mark.parametrize("at_once", [1, 2, 400_000])
def test_who_must_be_told_stands_there_once_however_often_and_in_whatever_way_they_were_seen(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(touching, "AT_ONCE", at_once)
    monkeypatch.setattr(touching, "PAGE", 2)
    monkeypatch.setattr(touching, "READ", 2)
    who = people_of(workspace, "ada", "bob", "cy", "dan", "eve")
    breach = record_breach(workspace.pk, {"title": "A key was stolen", "began_at": NOW - 3 * HOUR}, user_id=7, now=NOW)
    act(workspace, "people.list", 4 * HOUR, shows=(who["eve"],))
    act(workspace, "people.list", 2 * HOUR, shows=(who["ada"], who["bob"]), user=0)
    act(workspace, "people.list", HOUR, shows=(who["bob"], who["cy"]))
    act(workspace, "person.read", HOUR + 1, person=who["ada"])
    act(workspace, "person.exported", HOUR, person=who["ada"])
    touched = TouchedList(breach, now=NOW)
    found = listed(touched)
    assert found.keys() == {who["ada"], who["bob"], who["cy"]}, "what was seen before it began is not of it, and dan was never seen"
    ada, bob = found[who["ada"]], found[who["bob"]]
    assert (ada.emails, ada.external_ids, ada.language, ada.how) == (
        ["ada@example.com"],
        ["ada"],
        "de",
        ["opened", "shown", "taken_away"],
    )
    assert (bob.first_at, bob.last_at, bob.how) == (NOW - 2 * HOUR, NOW - HOUR, ["shown"])
    assert touched.summary() == {"listed": 3, "unreachable": 0, "gone": 0, "lists": 0, "files": 1}
    assert list_steps(breach)[-1].detail == [3, 0, 0], "the register knows how many were to be told"
    assert listed(TouchedList(breach, now=NOW, only_user=0)).keys() == {who["ada"], who["bob"]}
    assert listed(TouchedList(record_breach(workspace.pk, {"title": "Another", "aware_at": NOW}, user_id=7, now=NOW), now=NOW)) == {}


def test_whoever_was_erased_since_is_counted_and_not_named(workspace: Any) -> None:
    who = people_of(workspace, "ada", "bob")
    breach = record_breach(workspace.pk, {"title": "A key was stolen", "began_at": NOW - HOUR}, user_id=7, now=NOW)
    act(workspace, "people.list", HOUR, shows=tuple(who.values()))
    erase_person(Subject(workspace.pk, who["bob"]), now=NOW, source="api")
    touched = TouchedList(breach, now=NOW)
    assert listed(touched).keys() == {who["ada"]}
    assert (touched.listed, touched.gone) == (1, 1)


def test_a_file_of_everything_touched_everybody_who_was_there(workspace: Any) -> None:
    who = people_of(workspace, "ada", "bob")
    breach = record_breach(workspace.pk, {"title": "It was copied", "began_at": NOW - 3 * HOUR}, user_id=7, now=NOW)
    act(workspace, "workspace.takeaway_downloaded", 2 * HOUR)
    apply([Identify(identity=Identity(email="new@example.com"), workspace_id=workspace.pk, source="api", received_at=NOW)], now=NOW - HOUR)
    found = listed(TouchedList(breach, now=NOW))
    assert found.keys() == set(who.values())
    assert {(one.first_at, tuple(one.how)) for one in found.values()} == {(NOW - 2 * HOUR, ("taken_away",))}


def test_the_command_lists_them_and_is_written_down(workspace: Any, capsys: Any) -> None:
    (ada,) = people_of(workspace, "ada").values()
    apply([Identify(identity=Identity(anonymous_id="b"), workspace_id=workspace.pk, source="api", received_at=NOW)], now=NOW - 5 * HOUR)
    nameless = find_person(workspace.pk, "b").person_id
    breach = record_breach(workspace.pk, {"title": "A key was stolen", "began_at": NOW - HOUR}, user_id=7, now=NOW)
    act(workspace, "people.list", HOUR, shows=(ada, nameless))
    call_command("breach_affected", str(workspace.pk), str(breach.pk))
    said = capsys.readouterr()
    assert "ada@example.com" in said.out and "NOT REACHABLE" in said.out
    assert said.err.startswith("2 to be told, 1 of them without address")
    call_command("breach_affected", str(workspace.pk), str(breach.pk), "--json")
    *_, last = capsys.readouterr().out.splitlines()
    assert json.loads(last) == {"listed": 2, "unreachable": 1, "gone": 0, "lists": 0, "files": 0}
    call_command("breach_affected", str(workspace.pk), str(breach.pk), "--csv", "--member", "0")
    assert capsys.readouterr().out.splitlines() == [",".join(touching.COLUMNS)], "keys did nothing"
    entries = read_entries(workspace.pk, action="breach.listed")
    assert [(entry.role, entry.detail) for entry in entries] == [("cli", {"breach": breach.pk})] * 3


@pytest.mark.parametrize("at_once", [1, 400_000])
def test_who_merged_since_is_told_as_the_person_they_are_now(workspace: Any, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(touching, "AT_ONCE", at_once)
    who = people_of(workspace, "ada", "ada-at-work", "ada-before", "bob")
    breach = record_breach(workspace.pk, {"title": "A key was stolen", "began_at": NOW - 3 * HOUR}, user_id=7, now=NOW)
    act(workspace, "people.list", 2 * HOUR, shows=(who["ada-before"], who["bob"]))
    act(workspace, "people.list", HOUR, shows=(who["ada"],))
    for previous, current in (("ada-before", "ada-at-work"), ("ada-at-work", "ada")):
        merge = Alias(
            identity=Identity(external_id=current),
            previous=Identity(external_id=previous),
            workspace_id=workspace.pk,
            source="api",
            received_at=NOW,
        )
        apply([merge], now=NOW)
    ada = find_person(workspace.pk, "ada-before").person_id
    assert ada == who["ada"]
    touched = TouchedList(breach, now=NOW)
    found = listed(touched)
    assert (found.keys(), touched.gone) == ({ada, who["bob"]}, 0)
    assert found[ada].emails == ["ada@example.com"]
    if at_once > 1:
        assert (found[ada].first_at, found[ada].last_at) == (NOW - 2 * HOUR, NOW - HOUR)
    assert [entry.at for entry in find_lists(workspace.pk, ada)] == [NOW - 2 * HOUR, NOW - HOUR], "the answer on access has both"
    erase_person(Subject(workspace.pk, ada), now=NOW, source="api")
    assert not FormerTag.objects.exists(), "and then nothing leads to them"
    touched = TouchedList(breach, now=NOW)
    assert (listed(touched).keys(), touched.gone) == ({who["bob"]}, 2)
