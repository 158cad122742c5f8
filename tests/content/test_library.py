"""Stored templates: drafts and versions, layouts and snippets in them, translations, and what campaigns make of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns.test_publishing import happen
from troth.campaigns.editing import create_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import find_faults, publish_campaign
from troth.consent.catalog import CLICK_TRACKING
from troth.consent.purposes import assign
from troth.content.email_template import render_email
from troth.content.errors import TemplateInvalid, TemplateTooExpensive
from troth.content.library import (
    PieceInUse,
    PieceInvalid,
    PieceMissing,
    create_piece,
    delete_piece,
    find_outdated,
    find_piece,
    find_version,
    has_changes,
    list_versions,
    restore_version,
    update_piece,
    write_language,
)
from troth.content.models import Piece, Template
from troth.content.publishing import issue_template, publish_piece
from troth.content.reading import reads_of
from troth.content.short_text import render_short, short_from_json
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.messages.models import Message

pytestmark = pytest.mark.django_db


def store(workspace: Any, key: str, body: str, kind: str = "email", **fields: Any) -> Piece:
    parts = {"body": body, **({"subject": "Hello"} if kind == "email" else {}), **fields.pop("parts", {})}
    return create_piece(workspace.pk, kind=kind, key=key, parts={"en": parts}, **fields)


def published(workspace: Any, key: str, body: str, kind: str = "email", **fields: Any) -> Piece:
    piece = store(workspace, key, body, kind, **fields)
    publish_piece(piece)
    return piece


def test_a_template_stands_in_its_layout_with_its_snippets(workspace: Any) -> None:
    published(workspace, "footer", "<p>{{ company }} for {{ person.name }}</p>", "snippet")
    published(workspace, "frame", "<html><body>{{ content }}{% include 'footer', company: 'ACME' %}</body></html>", "layout")
    published(workspace, "hello", "<h1>Hi {{ person.name }}</h1>", layout="frame")
    mail = render_email(find_version(workspace.pk, "hello").mail, {"person": {"name": "D&D"}})
    assert mail.html == "<html><body><h1>Hi D&amp;D</h1><p>ACME for D&amp;D</p></body></html>"
    assert mail.text.split() == "Hi D&D ACME for D&D".split()


def test_a_fault_in_a_snippet_is_told_where_it_was_written(workspace: Any) -> None:
    store(workspace, "bad", "one\n two {{ a | nope }}", "snippet")
    with pytest.raises(TemplateInvalid, match="body, line 2, column 13: there is no filter called 'nope'"):
        publish_piece(find_piece(workspace.pk, "bad"))
    published(workspace, "risky", "{% if n %}\n{{ 5 | divided_by: n }}{% endif %}", "snippet")
    published(workspace, "frame", "<p>\n{{ content }}</p>", "layout")
    with pytest.raises(TemplateInvalid, match="snippet risky, line 2, column 8"):
        publish_piece(store(workspace, "mail", "{% assign n = 0 %}{% include 'risky' %}", layout="frame"))
    with pytest.raises(TemplateInvalid, match="body, line 1, column 6: there is no filter"):
        publish_piece(store(workspace, "other", "{{ 1|oops }}", layout="frame"))


def test_what_is_not_there_or_contains_itself_is_refused(workspace: Any) -> None:
    for body, told in (
        ("\n{% include 'nobody' %}", "body, line 2, column 1: there is no published snippet 'nobody'"),
        ("{% render 'nobody' %}", "write {% include 'key' %}"),
        ("{% include nobody %}", "write {% include 'key' %}"),
        ("{% include 'a' b %}", "write {% include 'key' %}"),
    ):
        piece = store(workspace, "mail", body)
        with pytest.raises(TemplateInvalid, match=told):
            publish_piece(piece)
        piece.delete()
    a = published(workspace, "a", "x", "snippet")
    published(workspace, "b", "{% include 'a' %}", "snippet")
    a = update_piece(a, parts={"en": {"body": "{% include 'b' %}"}})
    publish_piece(a)
    with pytest.raises(TemplateInvalid, match="the snippet 'a' would contain itself"):
        publish_piece(store(workspace, "round", "{% include 'a' %}"))
    with pytest.raises(TemplateInvalid, match="no published layout 'frame'"):
        publish_piece(store(workspace, "framed", "x", layout="frame"))
    with pytest.raises(TemplateInvalid, match="exactly once"):
        published(workspace, "frame", "no slot", "layout")


def test_snippets_that_multiply_are_stopped(workspace: Any) -> None:
    published(workspace, "s0", "", "snippet")
    for number in range(1, 9):
        piece = store(workspace, f"s{number}", f"{{% include 's{number - 1}' %}}" * 4, "snippet")
        try:
            publish_piece(piece)
        except TemplateTooExpensive:
            break
    else:
        pytest.fail("four to the eighth snippets were put in")
    published(workspace, "long", "x" * 200_000, "snippet")
    with pytest.raises(TemplateTooExpensive):
        publish_piece(store(workspace, "mail", "{% include 'long' %}{% include 'long' %}"))


def test_people_get_their_language_and_others_the_first(workspace: Any) -> None:
    published(
        workspace,
        "bye",
        "Bye",
        "snippet",
    )
    bye = write_language(find_piece(workspace.pk, "bye"), "de", {"body": "Tschüss"})
    publish_piece(bye)
    piece = store(workspace, "hello", "<p>Hello {% include 'bye' %}</p>")
    piece = write_language(piece, "de", {"subject": "Hallo", "body": "<p>Hallo {% include 'bye' %}</p>"})
    piece = write_language(piece, "pt-BR", {"subject": "Olá", "body": ""})
    publish_piece(piece)
    mail = find_version(workspace.pk, "hello").mail
    got = {
        told: (rendered.subject, rendered.html)
        for told in ("de_AT", "de", "pt_BR", "pt", "fr", "", None, 7)
        for rendered in [render_email(mail, {"person": {"locale": told}})]
    }
    german, english = ("Hallo", "<p>Hallo Tschüss</p>"), ("Hello", "<p>Hello Bye</p>")
    assert got == {
        "de_AT": german,
        "de": german,
        "pt_BR": ("Olá", english[1]),
        "pt": english,
        "fr": english,
        "": english,
        None: english,
        7: english,
    }
    assert render_email(mail, {"person": {"language": "de"}}).subject == "Hallo"


def test_versions_stay_and_an_old_one_can_be_written_again(workspace: Any) -> None:
    piece = published(workspace, "hello", "<p>one</p>")
    assert not has_changes(piece)
    piece = update_piece(piece, parts={"en": {"subject": "S", "body": "<p>two</p>"}})
    assert has_changes(piece)
    publish_piece(piece)
    assert [row.version for row in list_versions(piece)] == [2, 1]
    assert find_version(workspace.pk, "hello", 1).html == "<p>one</p>"
    piece = restore_version(piece, 1)
    assert piece.parts["en"]["body"] == "<p>one</p>"
    assert find_version(workspace.pk, "hello").html == "<p>two</p>"
    with pytest.raises(PieceMissing):
        restore_version(piece, 9)


def test_a_snippet_published_anew_changes_nothing_until_what_uses_it_is_published(workspace: Any) -> None:
    snippet = published(workspace, "footer", "old", "snippet")
    piece = published(workspace, "hello", "<p>{% include 'footer' %}</p>")
    publish_piece(update_piece(snippet, parts={"en": {"body": "new"}}))
    version = find_version(workspace.pk, "hello")
    assert version.html == "<p>old</p>"
    assert find_outdated(workspace.pk, [version])[version.pk] == ["footer"]
    publish_piece(piece)
    version = find_version(workspace.pk, "hello")
    assert version.html == "<p>new</p>"
    assert find_outdated(workspace.pk, [version])[version.pk] == []
    with pytest.raises(PieceInUse, match="hello"):
        delete_piece(snippet)


def test_a_campaign_goes_on_with_its_version_until_it_is_published_again(workspace: Any) -> None:
    piece = published(workspace, "thanks", "<p>one</p>")
    campaign = create_campaign(workspace.pk, name="T", trigger_event="bought", purpose="service", template_key="thanks")
    publish_campaign(campaign)
    happen(workspace, "bought")
    publish_piece(update_piece(piece, parts={"en": {"subject": "S", "body": "<p>two</p>"}}))
    happen(workspace, "bought")
    drain(now_ms())
    assert {message.rendered["html"] for message in Message.objects.all()} == {"<p>one</p>"}
    campaign = Campaign.objects.get()
    assert campaign.has_changes
    assert not publish_campaign(campaign).has_changes
    happen(workspace, "bought")
    drain(now_ms())
    assert sorted(message.rendered["html"] for message in Message.objects.all()) == ["<p>one</p>", "<p>one</p>", "<p>two</p>"]
    delete_piece(piece)
    assert find_piece_again(workspace).version == 2
    assert "no published template" in str(
        find_faults(create_campaign(workspace.pk, name="N", trigger_event="b", purpose="service", template_key="none"))[0]
    )


def find_piece_again(workspace: Any) -> Piece:
    """A key that is used again goes on counting."""
    return store(workspace, "thanks", "<p>three</p>")


def test_what_layouts_snippets_and_translations_read_is_told_with_its_place(workspace: Any) -> None:
    published(workspace, "footer", "a\n{{ person.city }}{{ p.street }}", "snippet")
    published(workspace, "frame", "{% assign p = person %}{{ content }}{% include 'footer' %}", "layout")
    piece = store(workspace, "hello", "{{ event.properties.plan }}", layout="frame", parts={"preheader": "{{ person.nick }}"})
    write_language(piece, "de", {"subject": "{{ person.title }}", "body": "{{ person.born }}"})
    publish_piece(find_piece(workspace.pk, "hello"))
    told = {(read.spelled, read.part, read.line, read.column) for read in reads_of(issue_template(workspace.pk, "hello"))}
    assert told == {
        ("event.properties.plan", "body", 1, 4),
        ("person.nick", "preheader", 1, 4),
        ("person.city", "snippet footer", 2, 4),
        ("person.street", "snippet footer", 2, 21),
        ("person.title", "subject (de)", 1, 4),
        ("person.born", "body (de)", 1, 4),
        ("person.locale", "choice of language", 1, 1),
        ("person.language", "choice of language", 1, 1),
    }


def test_what_a_snippet_reads_is_held_against_the_campaigns_purpose(workspace: Any) -> None:
    assign(workspace.pk, "attribute", "city", CLICK_TRACKING)
    published(workspace, "where", "in\n{{ person.city }}", "snippet")
    published(workspace, "hello", "{% include 'where' %}")
    for fields in ({"template_key": "hello"}, {"subject": "S", "html": "{% include 'where' %}"}):
        campaign = create_campaign(workspace.pk, name="T", trigger_event="bought", purpose="service", **fields)
        assert "`person.city` (snippet where, line 2, column 4)" in str(find_faults(campaign)[0])


def test_a_short_message_is_rendered_in_its_persons_language(workspace: Any) -> None:
    parts = {
        "en": {"title": "Hi {{ person.name }}", "body": " {{ n }} left ", "url": "https://a.example/{{ n }}"},
        "de": {"body": "noch {{ n }}"},
    }
    publish_piece(create_piece(workspace.pk, kind="short", key="ping", parts=parts))
    template = short_from_json(issue_template(workspace.pk, "ping").short)
    english = render_short(template, {"person": {"name": "D&D"}, "n": 3})
    assert (english.title, english.body, english.url) == ("Hi D&D", "3 left", "https://a.example/3")
    german = render_short(template, {"person": {"locale": "de"}, "n": 3})
    assert (german.title, german.body) == ("Hi", "noch 3")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"key": "A b"}, "$.key"),
        ({"kind": "song"}, "$.kind"),
        ({"parts": {"en": {"boddy": "x"}}}, "$.parts.en.boddy"),
        ({"parts": {"!!": {}}}, "$.parts.!!"),
        ({"parts": {"en": {"body": "a\0b"}}}, "$.parts.en.body"),
        ({"layout": "Not a key"}, "$.layout"),
        ({"kind": "snippet", "format": "mjml"}, "$.format"),
        ({"language": "english please"}, "$.language"),
        ({"name": "n" * 201}, "$.name"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_field(workspace: Any, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(PieceInvalid) as caught:
        create_piece(workspace.pk, **{"kind": "email", "key": "hello", **fields})
    assert told in str(caught.value)
    assert not Template.objects.exists()
