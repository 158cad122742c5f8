"""What is compiled once says the same as what is rendered each time: styles, MJML and text move nothing, and hostile sources end soon."""

from __future__ import annotations

import contextlib
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processor_time import least_cpu_seconds
from troth.content.assembling import assemble
from troth.content.checking import Finding, check_written
from troth.content.compiling import Compiled, Shelf, Written, compile_inline, compile_language
from troth.content.derived_text import derive_text
from troth.content.email_template import EmailTemplate, render_email
from troth.content.errors import ContentError, TemplateInvalid
from troth.content.inlining import inline_styles
from troth.content.languages import choose_language, normalise_language
from troth.content.liquid import compile_template, render
from troth.content.markup import find_liquid, find_tags
from troth.content.mjml import compile_mjml
from troth.content.reading import find_reads
from troth.content.text import text_from_html

EMPTY = Shelf(lambda _key: None, lambda _key: None)
DATA = {"person": {"name": "Al & <co>", "vip": True, "list": ["a", "b"]}, "event": {"properties": {"url": "https://a.test/?x=1&y=2"}}}


def body(source: str, **fields: str) -> Compiled:
    return compile_language(Written("email", "en", {"en": {"subject": "S", "body": source, **fields}}), "en", EMPTY)


def test_styles_become_attributes_and_nothing_else_moves() -> None:
    source = (
        "<style>td{padding:4px} .a{color:{{ person.colour | default: 'red' }}} @media(max-width:9px){.a{color:blue}}</style>"
        '<table>{% for one in person.list %}<tr><td class="a {{ one }}" style="width:{{ one | default: "3" }}px">{{ one }}</td></tr>{% endfor %}</table>'
        "{% if person.vip %}<p class='a'{% else %}<p{% endif %}>x < y</p>"
    )
    inlined = inline_styles(source)
    assert "<table>{% for one in person.list %}<tr>" in inlined
    assert "color: {{ person.colour | default: 'red' }}" in inlined
    assert 'width:{{ one | default: "3" }}px' in inlined
    without = re.compile(r'\s*style="[^"]*(?:\{\{[^}]*\}\}[^"]*)*"')
    assert without.sub("", inlined) == without.sub("", source)
    assert "@media" in inlined


def test_styles_of_another_host_are_never_fetched() -> None:
    html = "<link rel=stylesheet href='https://127.0.0.1:1/x.css'><style>@import url(https://127.0.0.1:1/y.css); p{margin:0}</style><p>x"
    assert 'style="margin: 0' in inline_styles(html)


def test_mjml_keeps_liquid_where_it_stands() -> None:
    html = compile_mjml(
        "<mjml><mj-body>{% if person.vip %}<mj-section><mj-column>{% for one in person.list %}<mj-text>{{ one }}</mj-text>{% endfor %}"
        '<mj-button href="{{ event.properties.url | default: "z" }}">Go</mj-button></mj-column></mj-section>{% endif %}</mj-body></mjml>',
        "de",
    )
    assert 'lang="de"' in html
    assert 'href="{{ event.properties.url | default: "z" }}"' in html
    shown = text_from_html(render(compile_template(html), DATA))
    assert shown.split() == ["a", "b", "Go", "(https://a.test/?x=1&y=2)"]
    assert text_from_html(render(compile_template(html), {})).strip() == ""
    assert not re.findall(r"""(?:src|href)=["']https?://|@import|fonts\.googleapis""", html)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("<mjml><mj-body>\nwords</mj-body></mjml>", "line 2, column 1: text stands between"),
        ("<mjml><mj-body>\n <mj-sec/></mj-body></mjml>", "line 2, column 2: MJML has no <mj-sec>"),
        ("<mjml><mj-body><mj-section>\n</mj-body></mjml>", "line 2, column 1: </mj-body> closes nothing here"),
        ("<mjml><mj-body>", "<mj-body> is never closed"),
        ("<mjml><mj-body><mj-include path='/etc/passwd'/></mj-body></mjml>", "files cannot be included"),
        ("<mjml><mj-head><mj-font name='X' href='https://fonts.test/x'/></mj-head><mj-body></mj-body></mjml>", "fonts of other hosts"),
        ("<mjml><mj-body><mj-section foo=1></mj-section></mj-body></mjml>", "column 28: attributes of MJML"),
        ("<mjml><mj-body><mj-section><mj-column><mj-text><b>x</mj-text></mj-column></mj-section></mj-body></mjml>", "</b> is expected"),
        (
            (
                "<mjml><mj-body><mj-section><mj-column><mj-social><mj-social-element name='facebook' href='https://a.test'>x</mj-social-element>"
                "</mj-social></mj-column></mj-section></mj-body></mjml>"
            ),
            "would load or link",
        ),
        ("<p>no</p>", "begins with <mjml>"),
        ("{{ x }}<mjml><mj-body></mj-body></mjml>", "Liquid stands outside"),
    ],
)
def test_wrong_mjml_is_told_with_its_place(source: str, told: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_mjml(source)
    assert told in str(caught.value)


def test_the_text_part_is_made_once_where_it_can_be() -> None:
    html = (
        "<p>Hi {{ person.name }}</p><ul>{% for one in person.list %}<li>{{ one }}</li>{% endfor %}</ul>"
        "<a href='{{ event.properties.url }}'>Go</a>"
    )
    once = body(html).text
    assert "{% for one in person.list %}" in once
    assert render(compile_template(once, escape=False), DATA).split() == text_from_html(render(compile_template(html), DATA)).split()
    rows = "<table>{% for one in person.list %}<tr><td>{{ one }}</td></tr>{% endfor %}</table>"
    assert render_email(body(rows).mail, DATA).text.split() == ["a", "b"]
    assert "{% for one in person.list %}" in body(rows).text
    tangled = "{% if person.vip %}<table>{% endif %}<tr><td>{{ person.name }}{% if person.vip %}</table>{% endif %}<p>x"
    assert "x" in render_email(body(tangled).mail, DATA).text
    assert body(html, text="own {{ person.name }}").text == "own {{ person.name }}"


PIECES = st.sampled_from(
    [
        "<p>{{ person.name }}</p>",
        "words ",
        "{% if person.vip %}<b>vip</b>{% endif %}",
        "{% for one in person.list %}<li>{{ one }}</li>{% endfor %}",
        "<a href='{{ event.properties.url }}'>go</a>",
        "<a href='https://b.test/{{ person.name | url_encode }}'>{{ person.name }}</a>",
        "<table>{% for one in person.list %}<tr><td>{{ one }}</td><td>{{ person.name }}</td></tr>{% endfor %}</table>",
        "<table role='presentation'>{% if person.vip %}<tr><td><p>{{ person.name }}</p></td></tr>{% endif %}</table>",
        "<table><tr><td>{{ person.name }}</td><td>{% if person.vip %}x{% endif %}</td></tr></table>",
        "<div style='display:none'>{{ person.name }}</div>",
        "<img src='https://b.test/i.png' alt='{{ person.name }}'>",
        "{% unless person.vip %}<h1>no</h1>{% endunless %}",
        "<br>",
        "<ul><li>{% if person.none %}{{ person.name }}{% else %}else{% endif %}</li></ul>",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
def test_text_made_once_and_text_of_each_mail_say_the_same(html: str) -> None:
    once = derive_text(html, [path for _, path in find_reads(html)])
    if once:
        for data in (DATA, {}, {"person": {"name": "x", "list": []}}):
            each = text_from_html(render(compile_template(html), data))
            assert re.sub(r"[\s()]+", "", render(compile_template(once, escape=False), data)) == re.sub(r"[\s()]+", "", each)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text("<>{%}\"' a=/-!", max_size=6)), max_size=10).map("".join))
def test_whatever_is_written_compiles_to_the_same_words_or_is_refused(html: str) -> None:
    source = "<style>p{color:red} li{margin:0}</style>" + html
    try:
        mail = compile_inline({"subject": "s", "html": source}, EMPTY).mail
    except ContentError:
        return
    plain = render_email(EmailTemplate("s", source), DATA)
    assert re.sub(r"\s", "", text_from_html(render_email(mail, DATA).html)) == re.sub(r"\s", "", text_from_html(plain.html))


@settings(max_examples=100, deadline=None)
@given(st.text("<>{%}\"' a=/-!rawcomenedi", max_size=60))
def test_liquid_and_tags_are_found_in_any_text(source: str) -> None:
    chunks = find_liquid(source)
    assert all(before.end <= after.start for before, after in itertools.pairwise(chunks))
    assert all(source[chunk.start] == "{" for chunk in chunks)
    assert all(source[tag.start] == "<" and source[tag.end - 1] == ">" for tag in find_tags(source))


HOSTILE = {
    "unclosed raw": "{% raw %}" * 4_000,
    "unclosed comments": "<!--" * 60_000,
    "unclosed tags": "<a " * 80_000,
    "unclosed quotes": "<a \"'" * 50_000,
    "unclosed styles": "<style>" * 30_000,
    "many tags": "<b>" * 80_000,
    "deep tables": "<style>td{color:red}</style>" + "<table><tr><td>" * 3_000,
    "many rules": "<style>" + "".join(f".a{number}{{color:red}}" for number in range(4_000)) + "</style>" + "<p class=a1>" * 3_000,
    "words that look like tokens": "lq0x1x lq1x " * 10_000 + "{{ person.name }}",
    "attributes without end": "<a " + "x=y " * 60_000 + ">",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_source_is_compiled_or_refused_soon(name: str) -> None:
    def compile_it() -> None:
        with contextlib.suppress(ContentError):
            compile_inline({"subject": "s", "html": HOSTILE[name]}, EMPTY)

    assert least_cpu_seconds(compile_it, enough=3) < 3


def test_snippets_that_call_each_other_thousandfold_are_refused_soon() -> None:
    snippets = {f"s{number}": f"{{% include 's{number + 1}' %}}" * 9 for number in range(9)} | {"s9": "x"}

    def compile_it() -> None:
        with pytest.raises(ContentError, match="more than 500 snippets"):
            assemble("{% include 's0' %}", "body", snippets.get)

    assert least_cpu_seconds(compile_it, enough=1) < 1


def test_places_lead_back_to_what_was_written() -> None:
    snippets = {"a": "one\n{{ x }}{% include 'b', n: person.q %}", "b": "\n\n {{ y }}"}
    flat = assemble("start\n{% include 'a' %}end", "body", snippets.get, layout=("layout f", "<x>\n{{ content }}</x>"))
    told = {
        word: (place.part, place.line, place.column)
        for word in ("{{ x", "{{ y", "end", "</x", "person.q")
        for place in [flat.place_at(flat.text.index(word))]
    }
    assert told == {
        "{{ x": ("snippet a", 2, 1),
        "{{ y": ("snippet b", 3, 2),
        "end": ("body", 2, 18),
        "</x": ("layout f", 2, 14),
        "person.q": ("snippet a", 2, 8),
    }


LANGUAGES = st.lists(st.sampled_from(["en", "de", "pt", "br", "at"]), min_size=1, max_size=3).map("-".join)


@given(st.sets(LANGUAGES), st.lists(LANGUAGES, max_size=2))
def test_a_language_is_exact_or_shorter_and_the_first_wanted_wins(available: set[str], wanted: list[str]) -> None:
    naive = [tag for want in wanted for tag in sorted(available, key=len, reverse=True) if want == tag or want.startswith(f"{tag}-")]
    assert choose_language(available, wanted) == (naive[0] if naive else "")


def test_languages_are_written_in_many_ways() -> None:
    assert [normalise_language(text) for text in ("pt_BR.UTF-8", "DE", "zh-Hant-TW", "english", "", None, 3, "x" * 99)] == [
        *("pt-br", "de", "zh-hant-tw"),
        *("", "", "", "", ""),
    ]


def find(source: str, **fields: str) -> set[str]:
    class Nothing:
        def in_language(self, _language: str) -> Shelf:
            return EMPTY

    written = Written("email", "en", {"en": {"subject": "S", "body": source, **fields}})
    found: list[Finding] = check_written(written, "en", Nothing())  # type: ignore[arg-type] -- a library without a workspace
    return {("!" if one.is_error else "") + one.code for one in found}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("<a href='/x'>x</a>", "!relative"),
        ("<a href='www.a.test'>x</a>", "!relative"),
        ("<a href='//a.test'>x</a>", "!relative"),
        ("<a href=''>x</a>", "empty_link"),
        ("<a href='http://a.test'>x</a>", "http"),
        ("<a href='https://exa mple'>x</a>", "!broken_address"),
        ("<a href='https://nothing'>x</a>", "!broken_address"),
        ("<a href='javascript:alert(1)'>x</a>", "!scheme"),
        ("<a href='https://your-domain.test/x'>x</a>", "placeholder"),
        ("<a href='https://bit.ly/x'>x</a>", "shortened"),
        ("<a href='https://evil.test'>bank.test</a>", "misleading"),
        ("<img src='https://a.test/i.png'>", "no_alt"),
        ("<img alt=''>", "!empty_image"),
        ("<img src='cid:a' alt=''>", "!attachment"),
        ("<img src='data:image/png;base64,x' alt=''>", "embedded"),
        ("<script>x</script>", "dropped"),
        ("<style>@import url(https://a.test/x.css);</style>", "foreign_style"),
        ("<img src='https://a.test/i.png' alt='x'>", "mostly_images"),
        ("x" * 110_000, "clipped"),
        ("<p>x", "no_unsubscribe"),
        ("{{ a | nope }}", "!invalid"),
    ],
)
def test_what_is_wrong_or_doubtful_is_found(source: str, code: str) -> None:
    assert code in find(source)


@pytest.mark.parametrize(
    ("subject", "code"), [("x" * 90, "long_subject"), ("BUY THIS NOW", "shouting"), ("Hey!!", "shouting"), ("Re: you", "feigned_reply")]
)
def test_a_subject_that_looks_like_spam_is_told(subject: str, code: str) -> None:
    assert code in find("<p>x", subject=subject)


def test_a_good_mail_has_no_findings() -> None:
    good = (
        "<p>Words enough for one image, which is what people read who see none of them at all.</p><a href='https://a.test/{{ person.id }}'>Go</a>"
        "<a href='{{ event.properties.url }}'>a.test</a><a href='mailto:a@b.test'>m</a><a href='#top'>t</a>"
        "<img src='https://a.test/i.png' alt='Tea'><a href='{{ unsubscribe_url }}'>Unsubscribe</a>"
    )
    assert find(good) == set()
