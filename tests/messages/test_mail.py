"""A built mail says what mailbox providers ask for, and nothing that a person's data slipped in."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.content.email_template import RenderedEmail
from troth.content.errors import ContentError
from troth.messages.errors import MailInvalid
from troth.messages.mail import build_mail

RENDERED = RenderedEmail(subject="Grüße, Dana", html="<p>Hällo</p>", text="Hällo\n.\n..dots\nFrom here")
URL = "https://mail.example/u/" + "aB3-_" * 60
AT = 1_767_225_600_123


def _build(
    rendered: RenderedEmail = RENDERED,
    sender: str = "Acme <hello@acme.example>",
    recipient: str = "dana@example.org",
    url: str | None = None,
) -> bytes:
    return build_mail(rendered, sender=sender, recipient=recipient, message_id=42, list_unsubscribe_url=url, date=AT)


def _read(mail: bytes) -> EmailMessage:
    read = message_from_bytes(mail, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_a_mail_has_both_parts_and_the_headers_of_a_letter() -> None:
    mail = _read(_build())
    assert mail["Subject"] == "Grüße, Dana"
    assert mail["From"] == "Acme <hello@acme.example>"
    assert mail["To"] == "dana@example.org"
    assert mail["Message-ID"] == "<42@acme.example>"
    assert parsedate_to_datetime(str(mail["Date"])) == datetime(2026, 1, 1, tzinfo=UTC)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert plain.splitlines() == RENDERED.text.splitlines()
    assert html.rstrip() == RENDERED.html


def test_lines_end_as_smtp_wants_them() -> None:
    mail = _build()
    assert mail.count(b"\n") == mail.count(b"\r\n") > 10
    assert max(map(len, _build(RenderedEmail("s", "<p>" + "x" * 5000, "y" * 5000)).split(b"\r\n"))) <= 998


def test_marketing_offers_one_click_unsubscribe_on_one_line_each() -> None:
    raw = _build(url=URL)
    mail = _read(raw)
    assert mail["List-Unsubscribe"] == f"<{URL}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"\r\nList-Unsubscribe: <{URL}>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert mail["Auto-Submitted"] is None


def test_other_mail_says_that_it_is_automatic_and_offers_no_unsubscribe() -> None:
    mail = _read(_build())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize(
    ("sender", "recipient", "subject", "url"),
    [
        ("Acme\r\nBcc: x@example.org <a@b.example>", "d@example.org", "s", None),
        ("a@b.example", "d@example.org\nBcc: x@example.org", "s", None),
        ("a@b.example", "d@example.org", "s\r\nBcc: x@example.org", None),
        ("a@b.example", "d@example.org", "s", "https://x.example/>\r\nBcc: x@example.org"),
        ("a@b.example", "d@example.org", "s", "https://x.example/> <mailto:x@example.org"),
        ("Acme\x1eBcc: <a@b.example>", "d@example.org", "s", None),
        ("Acme\u2028Bcc: <a@b.example>", "d@example.org", "s", None),
        ("a@b.example", "d@example.org", "s\x0cBcc: x@example.org", None),
        ("", "d@example.org", "s", None),
        ("a@b.example", "", "s", None),
        ("a@b.example", "d@example.org", "\ud800", None),
        ("a@b..example", "d@example.org", "s", None),
    ],
)
def test_what_would_break_out_of_a_header_is_refused_and_not_repeated(sender: str, recipient: str, subject: str, url: str | None) -> None:
    with pytest.raises(MailInvalid) as caught:
        _build(RenderedEmail(subject, "h", "t"), sender, recipient, url)
    assert "example.org" not in str(caught.value)
    assert isinstance(caught.value, ContentError)


def test_an_address_beyond_ascii_is_written_so_that_it_can_be_read_back() -> None:
    mail = _read(_build(recipient="dana@bücher.example", sender="Bücher <hallo@bücher.example>"))
    assert mail["To"] == "dana@xn--bcher-kva.example"
    assert mail["Message-ID"] == "<42@xn--bcher-kva.example>"
    assert mail["From"].addresses[0].display_name == "Bücher"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.text(max_size=200), st.text(max_size=40))
def test_whatever_the_texts_no_header_is_added(subject: str, body: str, name: str) -> None:
    expected = {"content-type", "mime-version", "subject", "from", "to", "date", "message-id", "auto-submitted"}
    try:
        mail = _build(RenderedEmail(" ".join(subject.split()), body, body), sender=f'"{name}" <a@b.example>')
    except MailInvalid:
        return
    head = mail.split(b"\r\n\r\n")[0]
    assert {line.split(b":")[0].decode().lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))} == expected


def test_building_needs_no_settings() -> None:
    code = (
        "from troth.messages.mail import build_mail; from troth.content.email_template import RenderedEmail as R;"
        "print(len(build_mail(R('s','<p>h','t'),sender='a@b.example',recipient='c@d.example',message_id=1,list_unsubscribe_url=None,date=0)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
