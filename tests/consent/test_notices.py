"""Notices: what people are told, published once and for all, each text kept once by its content."""

from __future__ import annotations

from typing import Any

import pytest

from troth.consent.catalog import MARKETING_EMAIL, PROFILING, load_catalog
from troth.consent.evidence import hash_text
from troth.consent.models import NoticeText, NoticeVersion
from troth.consent.notices import (
    NoticeInvalid,
    NoticeUnknown,
    diff_versions,
    drop_draft,
    find_notice,
    list_notice_versions,
    publish_notice,
    read_text,
    save_draft,
    save_notice,
)

NOW = 1_790_000_000_000
TEXT = "Acme Ltd writes to you once a week about its shoes, to your e-mail address. Stop with the link in every mail."
SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "e-mail address", "withdrawal": "link in every mail"}


@pytest.fixture
def news(workspace: Any) -> int:
    save_notice(workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL])
    save_draft(workspace.pk, "news", "en", text=TEXT, says=SAYS)
    pk: int = workspace.pk
    return pk


def test_a_published_notice_is_kept_word_for_word_and_found_by_its_hash(news: int) -> None:
    assert publish_notice(news, "news", material=False, now=NOW) == 1
    version = list_notice_versions(news, "news")[0]
    assert (version.text_hash, version.purposes) == (hash_text(TEXT), {MARKETING_EMAIL: 1})
    assert read_text(news, version.text_hash.upper()) == TEXT
    assert publish_notice(news, "news", material=False, now=NOW + 1) == 2
    assert NoticeText.objects.filter(workspace_id=news).count() == 1
    assert NoticeVersion.objects.filter(workspace_id=news).count() == 2
    assert load_catalog(news).notices["news", "2", "en"].published_at == NOW + 1


@pytest.mark.parametrize("lacking", SAYS)
def test_a_notice_that_does_not_say_what_it_must_cannot_be_published(news: int, lacking: str) -> None:
    save_draft(news, "news", "de", text=TEXT, says={**SAYS, lacking: " "})
    with pytest.raises(NoticeInvalid, match=f"de: It does not say: {lacking}"):
        publish_notice(news, "news", material=False, now=NOW)
    assert not NoticeVersion.objects.exists()
    drop_draft(news, "news", "de")
    assert publish_notice(news, "news", material=False, now=NOW) == 1


def test_a_notice_that_does_not_name_the_controller_in_its_text_cannot_be_published(news: int) -> None:
    save_draft(news, "news", "en", text="We write to you.", says=SAYS)
    with pytest.raises(NoticeInvalid, match="does not name the controller"):
        publish_notice(news, "news", material=False, now=NOW)


def test_a_material_change_of_a_notice_is_one_of_its_purposes(news: int) -> None:
    publish_notice(news, "news", material=True, now=NOW)
    assert load_catalog(news).purposes[MARKETING_EMAIL].material_since == 0
    publish_notice(news, "news", material=True, now=NOW + 5)
    rules = load_catalog(news).purposes
    assert (rules[MARKETING_EMAIL].material_since, rules[MARKETING_EMAIL].version) == (NOW + 5, 2)
    assert rules[PROFILING].material_since == 0
    assert load_catalog(news).notices["news", "2", "en"].published_at == NOW + 5


def test_what_changed_between_two_versions_is_shown_line_by_line(news: int) -> None:
    publish_notice(news, "news", material=False, now=NOW)
    save_draft(news, "news", "en", text=TEXT.replace("once", "twice"), says=SAYS)
    publish_notice(news, "news", material=False, now=NOW + 1)
    changed = [line for line in diff_versions(news, "news", "en", 1, 2) if line[0] in "+-"]
    assert changed == [f"- {TEXT}", f"+ {TEXT.replace('once', 'twice')}"]
    with pytest.raises(NoticeUnknown):
        diff_versions(news, "news", "fr", 1, 2)


@pytest.mark.parametrize("language", ["", "english language", "e", "en_GB", "x" * 40])
def test_a_language_is_named_as_the_standard_says(news: int, language: str) -> None:
    with pytest.raises(NoticeInvalid, match="language"):
        save_draft(news, "news", language, text=TEXT, says=SAYS)


def test_a_notice_is_found_in_its_own_workspace_only(news: int) -> None:
    assert find_notice(news, "news").title == "News"
    with pytest.raises(NoticeUnknown):
        find_notice(news + 1, "news")
    publish_notice(news, "news", material=False, now=NOW)
    with pytest.raises(NoticeUnknown):
        read_text(news + 1, hash_text(TEXT))
