"""The hosted form and the double opt-in, over HTTP and with a real mail server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import eventually
from tests.mail_server import Kept, run_mail_server
from troth.consent.catalog import MARKETING_EMAIL, OPEN_TRACKING, load_catalog
from troth.consent.decisions import load_stances
from troth.consent.evidence import hash_text
from troth.consent.forms import FormField, FormInvalid, FormTerms, create_form, open_form, revise_form
from troth.consent.models import ConsentForm, Record
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.consent.purposes import find_purpose, revise_purpose, terms_of
from troth.consent.suppression import store_suppressions, suppression_tags
from troth.consent.verifying import verify_receipt
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.crypto import signing_key
from troth.pages.opt_in import read_entry
from troth.people.lookup import find_people, load_person
from troth.people.models import Person
from troth.privacy.disclosures.reading import export_disclosures, list_disclosures
from troth.workspaces.models import SendMode

TEXT = "Acme Ltd writes to you once a week about shoes. Stop with the link in every mail."
GERMAN = "Acme Ltd schreibt Ihnen einmal in der Woche über Schuhe. Der Link in jeder Mail beendet das."
SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "address", "withdrawal": "a link in every mail"}
ENTERED = {
    "email": " Dana@Example.com ",
    "purpose": MARKETING_EMAIL,
    "attribute.first_name": "Dana",
    "language": "en",
    "notice_version": "1",
}


@pytest.fixture
def form(workspace: Any) -> ConsentForm:
    save_notice(workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL, OPEN_TRACKING])
    save_draft(workspace.pk, "news", "en", text=TEXT, says=SAYS)
    save_draft(workspace.pk, "news", "de", text=GERMAN, says=SAYS)
    publish_notice(workspace.pk, "news", material=False, now=now_ms() - DAY)
    fields = [FormField(attribute="first_name", label="First name")]
    return create_form(workspace.pk, FormTerms(title="Footer", notice="news", fields=fields), now=now_ms())


Confirm = Callable[..., str]


@pytest.fixture
def mail_sink(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def recipients(mail_sink: Kept) -> list[str]:
    return [recipient for recipients, _ in mail_sink.mails for recipient in recipients]


@pytest.fixture
def enter(form: ConsentForm, mail_sink: Kept) -> Callable[..., str]:
    """Fill in the form; returns the token of the mail that came."""

    def fill_in(**entered: Any) -> str:
        before = len(mail_sink.mails)
        answer = Client().post(f"/f/{form.form_id}", {**ENTERED, **entered})
        assert answer.status_code == 200, answer.content
        _, raw = eventually(lambda: mail_sink.mails[before] if len(mail_sink.mails) > before else None)
        part = message_from_bytes(raw, policy=default).get_body(("plain",))
        assert part is not None
        found = re.search(r"/c/(\S+)", part.get_content())
        assert found
        return found[1]

    return fill_in


def test_a_form_shows_the_whole_notice_and_no_box_is_ticked(form: ConsentForm, mail_sink: Kept) -> None:
    page = Client().get(f"/f/{form.form_id}").content.decode()
    assert "once a week about shoes" in page
    assert page.count('type="checkbox"') == 2
    assert "checked" not in page
    assert not Client().get(f"/f/{form.form_id}").cookies


@pytest.mark.parametrize(
    ("query", "accepts", "language", "words"),
    [
        ("", "de-AT,en;q=0.5", "de", "Absenden"),
        ("", "xx", "en", "Send"),
        ("?lang=de", "en", "de", "Absenden"),
        ("?lang=fr", "en", "en", "Send"),
    ],
)
def test_a_form_and_the_words_around_it_speak_the_language_of_the_reader(
    form: ConsentForm, mail_sink: Kept, query: str, accepts: str, language: str, words: str
) -> None:
    page = Client(headers={"Accept-Language": accepts}).get(f"/f/{form.form_id}{query}").content.decode()
    assert f'<html lang="{language}">' in page
    assert f">{words}</button>" in page
    assert ("Messen, wer Mails öffnet</h2>" if language == "de" else "Measure who opens mail</h2>") in page


def test_nothing_is_stored_before_the_person_confirms_and_opening_the_link_confirms_nothing(enter: Confirm) -> None:
    token = enter()
    for method in ("get", "head", "options"):
        getattr(Client(), method)(f"/c/{token}")
    Client(headers={"Sec-Purpose": "prefetch"}).post(f"/c/{token}")
    assert not Person.objects.exists()
    assert not Record.objects.exists()
    assert "Is this what you want?" in Client().get(f"/c/{token}").content.decode()


def test_the_press_of_the_button_records_a_consent_that_can_be_proven(enter: Confirm, form: ConsentForm, workspace: Any) -> None:
    token = enter()
    assert "It counts from now on" in Client().post(f"/c/{token}").content.decode()
    (person,) = find_people(workspace.pk, "dana@example.com")
    assert load_person(person).attributes == {"first_name": "Dana"}
    assert load_stances([person.person_id])[person.person_id] == {MARKETING_EMAIL: 1}
    (record,) = Record.objects.all()
    assert (record.state, record.valid, record.rules, record.method) == ("ConsentGiven", True, [], "double_opt_in")
    assert (record.notice, record.notice_version, record.notice_hash, record.language) == ("news", "1", hash_text(TEXT), "en")
    assert record.evidence["double_opt_in"]["method"] == "POST"
    assert record.evidence["default_state"] == "unchecked"
    assert record.evidence["control_label"] == "Yes, I agree"
    assert record.evidence["form"] == form.form_id


def disclosed(workspace: Any) -> list[tuple[str, str, str, int]]:
    (person,) = find_people(workspace.pk, "dana@example.com")
    rows = [(row["by"], row["purpose"], row["legal_basis"], row["times"]) for row in export_disclosures(person)]
    return [row for row in rows if row[1] == "consent_confirmation"]


CARRIED = "channel “mail server 127.0.0.1”", "consent_confirmation", "legal_obligation"


def test_who_carried_the_mail_that_asks_is_named_once_they_are_known_with_the_time_at_which_it_left(enter: Confirm, workspace: Any) -> None:
    token = enter()
    entry = read_entry(token, now_ms())
    assert entry and find_people(workspace.pk, "dana@example.com") == [], "before the button nothing of them is kept"
    Client().post(f"/c/{token}")
    assert disclosed(workspace) == [(*CARRIED, 1)]
    (person,) = find_people(workspace.pk, "dana@example.com")
    assert [row.first_at for row in list_disclosures(person) if row.basis == "consent_confirmation"] == [entry.at]


def test_of_who_is_on_file_already_it_is_named_when_it_leaves_and_not_again(enter: Confirm, workspace: Any) -> None:
    who = Identity(email="dana@example.com")
    apply([Identify(identity=who, workspace_id=workspace.pk, source="api", received_at=now_ms())], now=now_ms())
    token = enter()
    assert eventually(lambda: disclosed(workspace) == [(*CARRIED, 1)])
    Client().post(f"/c/{token}")
    assert disclosed(workspace) == [(*CARRIED, 1)]


def test_a_confirmation_is_taken_once_and_not_again_after_a_withdrawal(enter: Confirm, workspace: Any) -> None:
    token = enter()
    answer = Client().post(f"/c/{token}").content.decode()
    choices = re.search(r"/p/([\w-]+)", answer)
    assert choices
    Client().post(f"/p/{choices[1]}", {})
    assert "already" in Client().post(f"/c/{token}").content.decode()
    (person,) = find_people(workspace.pk, "dana@example.com")
    assert load_stances([person.person_id])[person.person_id] == {MARKETING_EMAIL: -1}


def test_a_confirmation_of_what_has_changed_since_is_refused_and_can_be_asked_for_again(enter: Confirm, workspace: Any) -> None:
    token = enter()
    revise_purpose(
        workspace.pk, MARKETING_EMAIL, terms_of(find_purpose(workspace.pk, MARKETING_EMAIL)), material=True, now=now_ms() + 60_000
    )
    answer = Client().post(f"/c/{token}")
    assert answer.status_code == 409
    assert not Person.objects.exists()


@pytest.mark.parametrize("damage", [lambda token: token[:-4], lambda token: "A" * len(token), lambda token: "x" * 9_000])
def test_a_link_that_is_not_ours_confirms_nothing(enter: Confirm, damage: Any) -> None:
    assert Client().post(f"/c/{damage(enter())}").status_code == 404
    assert not Record.objects.exists()


def test_a_link_is_good_for_seven_days(enter: Confirm) -> None:
    token = enter()
    assert read_entry(token, now_ms() + 7 * DAY - 60_000)
    assert read_entry(token, now_ms() + 7 * DAY + 60_000) is None


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({"email": "dana@"}, "not an e-mail address"),
        ({"email": ""}, "not an e-mail address"),
        ({"purpose": []}, "chosen nothing"),
        ({"purpose": ["behavioural_profiling"]}, "chosen nothing"),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_entered_is_lost(
    form: ConsentForm, mail_sink: Kept, entered: Any, told: str
) -> None:
    answer = Client().post(f"/f/{form.form_id}", {**ENTERED, **entered})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert told in page
    assert 'value="Dana"' in page
    assert not mail_sink.mails


def test_an_address_is_not_flooded_and_a_program_gets_no_mail(form: ConsentForm, enter: Confirm, mail_sink: Kept) -> None:
    enter()
    for entered in ({}, {"email": "DANA@example.com"}, {"email": "b@example.com", "website": "https://spam.example"}):
        assert Client().post(f"/f/{form.form_id}", {**ENTERED, **entered}).status_code == 200
    enter(email="c@example.com")
    assert recipients(mail_sink) == ["dana@example.com", "c@example.com"]


def test_somebody_erased_is_not_written_to_and_nobody_can_tell(form: ConsentForm, mail_sink: Kept, workspace: Any, enter: Confirm) -> None:
    tags = suppression_tags(workspace.pk, "email", "dana@example.com")
    store_suppressions([(workspace.pk, tag, 1, "") for tag in tags], reason="erased")
    erased = Client().post(f"/f/{form.form_id}", ENTERED)
    enter(email="else@example.com")
    assert recipients(mail_sink) == ["else@example.com"]
    assert erased.content == Client().post(f"/f/{form.form_id}", {**ENTERED, "email": "third@example.com"}).content


def test_a_closed_form_and_a_workspace_that_sends_nothing_say_so(form: ConsentForm, workspace: Any, mail_sink: Kept) -> None:
    open_form(workspace.pk, form.form_id, is_open=False)
    assert Client().post(f"/f/{form.form_id}", ENTERED).status_code == 410
    open_form(workspace.pk, form.form_id, is_open=True)
    workspace.send_mode = SendMode.OFF
    workspace.save()
    assert Client().get(f"/f/{form.form_id}").status_code == 503
    assert Client().get("/f/nonsense").status_code == 404


def test_only_the_sites_that_a_form_names_may_show_it_in_a_frame(form: ConsentForm, workspace: Any, mail_sink: Kept) -> None:
    address = f"/f/{form.form_id}"
    assert "frame-ancestors 'self'" in Client().get(address)["Content-Security-Policy"]
    revise_form(workspace.pk, form.form_id, FormTerms(title="Footer", notice="news", origins=["https://acme.example"]))
    assert "frame-ancestors 'self' https://acme.example" in Client().get(address)["Content-Security-Policy"]
    script = Client().get("/f/embed.js")
    assert (script["Content-Type"], script["Cross-Origin-Resource-Policy"]) == ("text/javascript; charset=utf-8", "cross-origin")


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"title": " "}, "title"),
        ({"fields": [FormField(attribute="id", label="Id")]}, "attribute"),
        ({"fields": [FormField(attribute="a b", label="Id")]}, "attribute"),
        ({"fields": [FormField(attribute="a", label=" ")]}, "label"),
        ({"fields": [FormField(attribute="a", label="A"), FormField(attribute="a", label="B")]}, "twice"),
        ({"origins": ["https://acme.example/path"]}, "origins"),
        ({"origins": ["https://a.example; script-src *"]}, "origins"),
        ({"labels": {"service": {"en": "Yes"}}}, "labels"),
    ],
)
def test_a_form_that_cannot_work_is_refused_with_the_place(form: ConsentForm, workspace: Any, terms: Any, told: str) -> None:
    with pytest.raises(FormInvalid, match=told):
        revise_form(workspace.pk, form.form_id, FormTerms(**{"title": "Footer", "notice": "news", **terms}))


def test_a_sensitive_purpose_is_asked_for_explicitly(enter: Confirm, workspace: Any) -> None:
    terms = terms_of(find_purpose(workspace.pk, MARKETING_EMAIL))
    sensitive = type(terms)(**{**{name: getattr(terms, name) for name in terms.__struct_fields__}, "special_category": True})
    revise_purpose(workspace.pk, MARKETING_EMAIL, sensitive, material=True, now=now_ms() - 3 * DAY)
    token = enter()
    Client().post(f"/c/{token}")
    (record,) = Record.objects.all()
    assert "explicitly" in record.evidence["control_label"]
    assert load_catalog(workspace.pk).purposes[MARKETING_EMAIL].special_category


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entered=st.dictionaries(st.sampled_from([*ENTERED, "x"]), st.text(max_size=40), max_size=6))
def test_whatever_is_posted_gets_a_page_and_stores_nothing(form: ConsentForm, mail_sink: Kept, entered: dict[str, str]) -> None:
    assert Client().post(f"/f/{form.form_id}", entered).status_code in (200, 422)
    assert not Person.objects.exists()


def test_the_receipt_is_shown_at_the_moment_of_consent_and_can_be_kept(enter: Confirm) -> None:
    answer = Client().post(f"/c/{enter()}").content.decode()
    found = re.search(r"/r/([\w-]+)", answer)
    assert found
    page = Client().get(f"/r/{found[1]}").content.decode()
    assert "You agreed." in page
    assert TEXT in page
    assert "Entry 0 of the ledger" in page
    file = Client().get(f"/r/{found[1]}/file")
    assert file["Content-Disposition"].startswith("attachment")
    assert verify_receipt(file.json(), signing_key().public_key()).leaf == 0
    for token in (found[1][:-3], "x", "A" * 90):
        assert Client().get(f"/r/{token}").status_code == 404
