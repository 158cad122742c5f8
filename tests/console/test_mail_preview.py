"""The preview of a mail: whatever is written into it, it loads nothing, runs nothing, and keeps its looks."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html

from troth.console.mail_preview import make_harmless, show_mail

PIECES = st.sampled_from(
    [
        "<p style='color:red'>",
        '<p style="a:\'}</style><script>alert(1)</script>">',
        "<script>alert(1)</script>",
        "<style>@import 'https://a.example/x.css'; p { background: url(https://a.example/y) } </style>",
        "<style></style><img src=https://a.example/z.gif onerror=alert(1)>",
        "<img src=data:image/gif;base64,AAAA alt=logo>",
        "<a href=https://a.example/l target=_top>link</a>",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg onload=alert(1)><style>*{}</style><use xlink:href='https://a.example/#s'/></svg>",
        "<form action=https://a.example><button formaction=https://a.example/b>",
        "<base href=https://a.example><meta http-equiv=refresh content='0;url=https://a.example'>",
        "<!--[if mso]><style>p{}</style><![endif]-->",
        "<table background=https://a.example/bg.png><td style='x:url(//a.example/q)'>",
        "</body></html><iframe src=https://a.example>",
        "text & more < less",
        "\x00\x0b",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=30)), max_size=8).map("".join))
@example("")
@example("<!-- only a comment -->")
@example("<p style='content:\"</style><img src=https://a.example/i>\"'>")
def test_nothing_of_a_mail_runs_or_is_fetched(source: str) -> None:
    page = html.document_fromstring(make_harmless(source, nonce="n0", title="A mail"))
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in ("script", "iframe", "object", "embed", "base", "link", "meta")
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name != "style"
            assert name not in ("href", "action", "formaction", "background", "srcset", "target", "xlink:href")
            assert name != "src" or value.startswith("data:image/")
        if element.tag == "style":
            assert element.get("nonce") == "n0"
            assert not re.search(r"@import|url\((?!data:)", element.text or "", re.IGNORECASE)


def test_inline_styles_outweigh_the_rules_of_the_mail_and_equal_ones_share_a_class() -> None:
    page = make_harmless("<style>#a{color:green}</style><p id=a style='color:red'>x</p><p style='color:red' class=big>y</p>", nonce="n")
    assert page.count("color:red") == 1
    assert re.search(r'<p id="a" class="(inline-\d+)">x</p><p class="big \1">', page)
    assert ":not(#x#x)" in page


def test_a_broken_style_takes_no_other_with_it() -> None:
    page = html.document_fromstring(make_harmless("<p style='color:red /*'>x</p><p style='color:blue'>y</p>", nonce="n"))
    texts = [style.text for style in page.iter("style")]
    assert sum("color:red" in text for text in texts) == 1
    assert not any("color:red" in text and "color:blue" in text for text in texts)


def test_a_link_tells_where_it_leads_and_leads_nowhere() -> None:
    page = make_harmless("<a href='https://example.com/u/token'>Unsubscribe</a>", nonce="n")
    assert 'title="https://example.com/u/token"' in page
    assert "href" not in page


@pytest.mark.parametrize("source", ["<p>Grüße &amp; 你好</p>", "Grüße &amp; 你好"])
def test_text_stays_as_it_is_written(source: str) -> None:
    assert "Grüße &amp; 你好" in make_harmless(source, nonce="n")


def test_the_answer_carries_a_policy_without_exceptions_and_a_nonce_of_its_own() -> None:
    first, second = show_mail("<p style='color:red'>x</p>", title="A & B"), show_mail("<p>x</p>", title="")
    policy = first.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("sandbox; default-src 'none'")
    assert policy != second.headers["Content-Security-Policy"]
    assert "<title>A &amp; B</title>" in first.content.decode()
    assert first.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert first.headers["Cache-Control"] == "no-store"
