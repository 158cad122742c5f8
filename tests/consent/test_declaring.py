"""What an owner declares: its own preference page as a source of decisions, and an imbalance of power."""

from __future__ import annotations

from typing import Any

import pytest

from troth.consent.catalog import MARKETING_EMAIL, PROFILING, load_catalog
from troth.consent.decisions import decide_for
from troth.consent.declaring import DeclarationInvalid, declare_source, read_setting, state_imbalance, withdraw_source
from troth.consent.gate import Operation
from troth.consent.models import Record
from troth.consent.notices import NoticeUnknown, publish_notice, save_draft, save_notice
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person

SAYS = {"controller": "Acme Ltd", "purposes": "news", "data": "e-mail address", "withdrawal": "link in every mail"}
PAGE = "https://acme.example/mail"
WORDS = "Alice, owner: the page shows the notice with an empty box."


@pytest.fixture
def acme(workspace: Any) -> int:
    save_notice(workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL])
    save_draft(workspace.pk, "news", "en", text="Acme Ltd writes to you.", says=SAYS)
    publish_notice(workspace.pk, "news", material=False, now=now_ms() - 1_000)
    pk: int = workspace.pk
    return pk


def resubscribe(workspace_id: int, email: str, purpose: str = MARKETING_EMAIL) -> Record:
    """A bare grant, as a Vero `resubscribe` is."""
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": workspace_id, "source": "vero", "received_at": now}
    apply(
        [
            Identify(identity=Identity(email=email), **about),
            Decide(identity=Identity(email=email), decision=Decision.GRANT, purpose=purpose, **about),
        ],
        now=now,
    )
    subject = find_person(workspace_id, email)
    record = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id).latest("record_id")
    assert decide_for(subject, purpose, Operation.MESSAGE, now).allow is record.valid
    return record


def test_a_bare_grant_counts_on_the_declared_page_with_its_text_and_only_while_it_is_declared(acme: int) -> None:
    assert not resubscribe(acme, "before@example.com").valid
    declare_source(acme, "news", 1, "en", PAGE, WORDS, now=now_ms())
    counted = resubscribe(acme, "during@example.com")
    assert (counted.valid, counted.state, counted.notice, counted.notice_version) == (True, "ConsentGiven", "news", "1")
    assert counted.evidence["decision_source"]["url"] == PAGE
    assert not resubscribe(acme, "other@example.com", PROFILING).valid
    withdraw_source(acme)
    assert not resubscribe(acme, "after@example.com").valid
    assert Record.objects.filter(bucket=counted.bucket, person_id=counted.person_id, record_id=counted.record_id, valid=True).exists()


@pytest.mark.parametrize(("notice", "version", "language"), [("news", 2, "en"), ("news", 1, "de"), ("other", 1, "en"), ("\0", 1, "en")])
def test_only_what_was_published_can_be_declared(acme: int, notice: str, version: int, language: str) -> None:
    with pytest.raises(NoticeUnknown):
        declare_source(acme, notice, version, language, PAGE, WORDS, now=1)
    with pytest.raises(NoticeUnknown):
        declare_source(acme + 1, "news", 1, "en", PAGE, WORDS, now=1)
    assert read_setting(acme).source_notice == ""


@pytest.mark.parametrize(
    "url", ["", "acme.example/mail", "ftp://acme.example", "https://", "https://a@acme.example", "https://a b", "https://a/b c"]
)
def test_the_page_has_an_address_on_the_web(acme: int, url: str) -> None:
    with pytest.raises(DeclarationInvalid, match="url"):
        declare_source(acme, "news", 1, "en", url, WORDS, now=1)


@pytest.mark.parametrize("words", ["", "  ", "x" * 4_001])
def test_an_instruction_is_in_words(acme: int, words: str) -> None:
    with pytest.raises(DeclarationInvalid, match="instruction"):
        declare_source(acme, "news", 1, "en", PAGE, words, now=1)


def test_where_people_depend_on_the_controller_no_consent_counts(acme: int) -> None:
    declare_source(acme, "news", 1, "en", PAGE, WORDS, now=now_ms())
    state_imbalance(acme, True)
    assert load_catalog(acme).setting.imbalance
    assert read_setting(acme).source_notice == "news"
    assert resubscribe(acme, "one@example.com").rules == ["C12"]
    state_imbalance(acme, False)
    assert resubscribe(acme, "two@example.com").valid
