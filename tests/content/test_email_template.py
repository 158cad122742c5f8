"""An e-mail renders into one subject line, HTML and text; marketing mail always shows the way out."""

from __future__ import annotations

import pytest

from tests.processor_time import least_cpu_seconds
from troth.content.email_template import EmailTemplate, render_email
from troth.content.errors import TemplateInvalid, TemplateTooExpensive
from troth.content.text import text_from_html

URL = "https://mail.example/u/abc-123_x"
PLAIN = EmailTemplate(subject="Hello {{ person.name }}", html="<html><body><p>Hi <b>{{ person.name }}</b></p></body></html>")


def test_a_mail_renders_with_escaping_in_html_alone() -> None:
    mail = render_email(PLAIN, {"person": {"name": "D&D"}})
    assert mail.subject == "Hello D&D"
    assert mail.html == "<html><body><p>Hi <b>D&amp;D</b></p></body></html>"
    assert mail.text == "Hi D&D\n"


@pytest.mark.parametrize(
    "name", ["Dana\r\nBcc: x@example.org", "Dana\nX: y", "Dana\u2028X", "Dana\x85X", "Dana\x0bX", "Dana\x00X", "a\x1b[31m"]
)
def test_a_subject_is_one_line_whatever_the_data_says(name: str) -> None:
    subject = render_email(PLAIN, {"person": {"name": name}}).subject
    assert len(subject.splitlines()) == 1
    assert subject.isprintable()


def test_an_emoji_of_several_characters_survives_in_a_subject() -> None:
    assert render_email(PLAIN, {"person": {"name": "👩‍👩‍👧"}}).subject == "Hello 👩‍👩‍👧"


def test_a_text_part_of_ones_own_is_kept_and_not_escaped() -> None:
    template = EmailTemplate(subject="s", html="<p>h</p>", text="Dear {{ name }},\nbye")
    assert render_email(template, {"name": "D&D"}).text == "Dear D&D,\nbye"


def test_marketing_without_a_link_gets_a_footer_in_both_parts() -> None:
    mail = render_email(PLAIN, {"person": {"name": "Dana"}}, unsubscribe_url=URL)
    assert mail.html.endswith(f'<a href="{URL}">Unsubscribe</a></p></body></html>')
    assert URL in mail.text
    own_text = render_email(EmailTemplate("s", "<p>x</p>", "plain"), {}, unsubscribe_url=URL)
    assert own_text.text == f"plain\n\n--\nUnsubscribe: {URL}\n"
    assert own_text.html.count(URL) == 1


def test_marketing_with_its_own_link_is_left_as_it_is() -> None:
    template = EmailTemplate("s", "<p><a href='{{ unsubscribe_url }}'>Leave</a></p>", "Leave: {{ unsubscribe_url }}")
    mail = render_email(template, {}, unsubscribe_url=URL)
    assert mail.html == f"<p><a href='{URL}'>Leave</a></p>"
    assert mail.text == f"Leave: {URL}"


@pytest.mark.parametrize(
    "html",
    [
        "<!-- <a href='{{ unsubscribe_url }}'>x</a> --><p>x",
        "{% if person.never %}<a href='{{ unsubscribe_url }}'>x</a>{% endif %}<p>x",
        "<p>{{ unsubscribe_url }}</p>",
        "<!--<!--" * 20000,
    ],
)
def test_a_link_that_nobody_can_click_does_not_count(html: str) -> None:
    assert render_email(EmailTemplate("s", html), {}, unsubscribe_url=URL).html.endswith(f'<a href="{URL}">Unsubscribe</a></p>')


def test_other_mail_has_no_unsubscribe_link() -> None:
    mail = render_email(EmailTemplate("s", "<a href='{{ unsubscribe_url }}'>x</a>"), {"unsubscribe_url": "https://evil.example"})
    assert "evil" not in mail.html
    assert "Unsubscribe" not in mail.html + mail.text


@pytest.mark.parametrize(
    ("template", "part", "place"),
    [
        (EmailTemplate("  ", "<p>"), "subject", (1, 1)),
        (EmailTemplate("s", ""), "html", (1, 1)),
        (EmailTemplate("{{ a | nope }}", "x"), "subject", (1, 8)),
        (EmailTemplate("s", "x\n{% if %}"), "html", (2, 4)),
        (EmailTemplate("s", "x", "\n\n{{ a"), "text", (3, 1)),
        (EmailTemplate("s", "{{ 5 | divided_by: person.number }}"), "html", (1, 8)),
    ],
)
def test_a_broken_mail_fails_at_publish_with_part_line_and_column(template: EmailTemplate, part: str, place: tuple[int, int]) -> None:
    with pytest.raises(TemplateInvalid, match=f"{part}, line {place[0]}, column {place[1]}") as caught:
        template.check()
    assert (caught.value.part, caught.value.line, caught.value.column) == (part, *place)


def test_a_mail_that_guards_what_may_be_missing_can_be_published() -> None:
    EmailTemplate("Hi {{ person.name | default: 'you' }}", "{% if person.n %}{{ 5 | divided_by: person.n }}{% endif %}").check()
    with pytest.raises(TemplateTooExpensive):
        EmailTemplate("s", "{{ (1..100000000) | reverse }}").check()


def test_text_keeps_links_lists_and_alternative_texts_and_drops_what_is_hidden() -> None:
    text = text_from_html(
        "<head><title>T</title><style>p{}</style></head><p>Your order is <a href='https://shop.example/o?a=1&amp;b=2'>on its way</a>.</p>"
        "<ul><li>one</li><li>two</li></ul><a href='https://x.example/y'><img src=a.png alt='Buy now'></a>"
        "<p><a href='https://z.example'>https://z.example</a></p><p style='display:none'>preheader</p><a href='mailto:a@example.org'>Write</a>"
    )
    assert "Your order is on its way (https://shop.example/o?a=1&b=2)." in text
    assert "* one\n" in text
    assert "Buy now (https://x.example/y)" in text
    assert "https://z.example\n" in text
    assert "Write (a@example.org)" in text
    assert "preheader" not in text
    assert "p{}" not in text
    assert text_from_html("  ") == ""


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000,
        "<table><tr><td>" * 3000,
        "<ul><li>" * 5000 + "x",
        "a\0b<p>c",
        "<?xml version='1.0' encoding='x'?><p>x",
        "[" * 50_000,
        "<p>[[[](" * 20_000,
        "<!-- -->",
    ],
)
def test_text_from_hostile_html_ends_soon(html: str) -> None:
    assert least_cpu_seconds(lambda: text_from_html(html), enough=1) < 1
