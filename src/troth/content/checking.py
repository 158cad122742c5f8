"""What is wrong, or doubtful, with a template before anybody gets it: each finding with part, line and column.

Errors keep it from being published; warnings are told. Nothing is fetched here (see `link_checking`). Attachments are no part of a mail: what a person is
to download is a link, so that nothing has to be fetched from anywhere while mails go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from troth.content.assembling import Flat, find_includes
from troth.content.compiling import Compiled, Written, compile_language
from troth.content.email_template import UNSUBSCRIBE
from troth.content.errors import ContentError, TemplateInvalid
from troth.content.library import Library, languages_in, written_of
from troth.content.liquid import compile_template, render
from troth.content.markup import Attribute, Tag, find_liquid, find_tags, mask
from troth.content.models import Kind, Piece
from troth.content.text import text_from_html

CLIPPED = 102_000
"""Bytes after which Gmail cuts a mail's HTML off."""
LONGEST_SUBJECT = 70
"""Characters that most inboxes show."""
LONGEST_SHORT = 160
"""Characters of one SMS."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\b(?:example\.(?:com|org|net)|your-?(?:domain|site|link|url)|todo|xxx+|lorem|placeholder)\b|\[[^\]]*\]|https?://(?:link|url)\b",
    re.IGNORECASE,
)
_SHORTENED = frozenset({"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"})
_DROPPED = frozenset({"script", "iframe", "form", "object", "embed", "video", "audio", "applet"})
_FOREIGN_STYLE = re.compile(r"@import\b[^;]*|url\(\s*[\"']?https?://[^)]*\)", re.IGNORECASE)
_ADDRESS_IN_WORDS = re.compile(r"\s*(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:/\S*)?\s*\Z", re.IGNORECASE)


class Finding(NamedTuple):
    """Something found in a template. Lines and columns count from 1; 0: no place."""

    is_error: bool
    code: str
    """What it is, in one word for programs."""
    message: str
    part: str = ""
    line: int = 0
    column: int = 0
    language: str = ""

    def __str__(self) -> str:
        place = f"{self.part}, line {self.line}, column {self.column}: " if self.line else f"{self.part}: " if self.part else ""
        return f"{place}{self.message}"


def check_piece(piece: Piece) -> list[Finding]:
    """Everything found in the draft of a template, layout or snippet, in all its languages; errors come first, nothing is changed."""
    library = Library(piece.workspace_id)
    own = [
        Finding(True, "invalid", f"the snippet {piece.key!r} would contain itself.", "body", 1, 1, language)
        for language, parts in piece.parts.items()
        if piece.kind == Kind.SNIPPET and piece.key in find_includes(parts.get("body", ""))
    ]
    found: dict[tuple[str, ...], Finding] = {}
    for language in languages_in(piece):
        for finding in check_written(written_of(piece), language, library):
            key = (finding.code, finding.message, finding.part, str(finding.line), str(finding.column))
            found.setdefault(key, finding._replace(language=language))
    return sorted([*own, *found.values()], key=lambda finding: not finding.is_error)


def check_written(written: Written, language: str, library: Library) -> list[Finding]:
    """Everything found in one language of what was written."""
    faults: list[ContentError] = []
    compiled = compile_language(written, language, library.in_language(language), faults=faults)
    found = [_as_finding(fault) for fault in faults]
    if "body" in compiled.flats and written.kind != Kind.SHORT:
        found += _check_body(compiled.flats["body"])
    if faults:
        return found
    if written.kind == Kind.EMAIL:
        found += [*_check_subject(compiled), *_check_mail(compiled)]
    elif written.kind == Kind.SHORT:
        found += _check_short(compiled)
    return found


def find_links(flat: Flat) -> Iterator[tuple[str, Attribute, Tag]]:
    """The addresses of links and images in a body (`link` or `image`), as they are written."""
    for tag in find_tags(flat.text):
        if tag.is_closing:
            continue
        if "href" in tag.attributes and tag.name in ("a", "area", "mj-button", "mj-image", "mj-navbar-link", "mj-social-element"):
            yield "link", tag.attributes["href"], tag
        if "src" in tag.attributes and tag.name in ("img", "mj-image", "mj-carousel-image", "mj-social-element"):
            yield "image", tag.attributes["src"], tag


def _as_finding(fault: ContentError) -> Finding:
    if isinstance(fault, TemplateInvalid):
        return Finding(True, "invalid", fault.message, fault.part, fault.line, fault.column)
    return Finding(True, "expensive", str(fault))


def _at(flat: Flat, offset: int, code: str, message: str, *, is_error: bool = False) -> Finding:
    place = flat.place_at(offset)
    return Finding(is_error, code, message, place.part, place.line, place.column)


def _check_body(flat: Flat) -> Iterator[Finding]:
    for kind, address, tag in find_links(flat):
        yield from _check_address(flat, kind, address, tag)
    for tag in find_tags(flat.text):
        if tag.is_closing:
            continue
        if tag.name == "a" and not tag.value("href").strip() and "name" not in tag.attributes and "id" not in tag.attributes:
            yield _at(flat, tag.start, "empty_link", "this link leads nowhere: give it a href.")
        if tag.name in ("img", "mj-image") and "alt" not in tag.attributes:
            yield _at(
                flat, tag.start, "no_alt", 'this image says nothing to who does not see it: add alt="…", or alt="" where it only decorates.'
            )
        if tag.name == "img" and not tag.value("src").strip():
            yield _at(flat, tag.start, "empty_image", "this image has no src.", is_error=True)
        if tag.name in _DROPPED:
            yield _at(flat, tag.start, "dropped", f"mail clients drop <{tag.name}>, and some distrust the mail for it.")
        if tag.name == "link" and "stylesheet" in tag.value("rel").lower():
            yield _at(flat, tag.start, "foreign_style", "style sheets are not fetched: write the rules into a style element.")
    for found in _FOREIGN_STYLE.finditer(mask(flat.text, find_liquid(flat.text))):
        yield _at(
            flat,
            found.start(),
            "foreign_style",
            "fonts and styles of another host tell it who opens the mail, and most clients do not load them.",
        )


def _check_address(flat: Flat, kind: str, attribute: Attribute, tag: Tag) -> Iterator[Finding]:
    """What is wrong with an address as far as its words tell; what Liquid says of it is not known."""
    address, at = attribute.value.strip(), attribute.value_start
    liquid = find_liquid(address)
    if not address or address.startswith("#") or (liquid and liquid[0].start == 0):
        return
    known = mask(address, liquid)
    scheme = _SCHEME.match(known)
    told = "image" if kind == "image" else "link"
    if scheme is None or address.startswith("//"):
        yield _at(
            flat,
            at,
            "relative",
            f"this {told} has no https:// before it, and a mail has no page that it could be relative to.",
            is_error=True,
        )
        return
    name = scheme[0][:-1].lower()
    if name in ("mailto", "tel", "sms") and kind == "link":
        return
    if name == "cid":
        yield _at(flat, at, "attachment", "nothing is attached to a mail: let the image have an address.", is_error=True)
    elif name == "data":
        yield _at(flat, at, "embedded", "many mail clients do not show images that are written into the mail.")
    elif name not in ("http", "https"):
        yield _at(flat, at, "scheme", f"mail clients do not follow {name}: addresses.", is_error=True)
    else:
        yield from _check_web_address(flat, at, known, told)
        if kind == "link":
            yield from _check_words(flat, tag, known)


def _check_web_address(flat: Flat, at: int, address: str, told: str) -> Iterator[Finding]:
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or re.search(r"[\s<>\"]", address) or ("." not in host and host != "q" * len(host)):
        yield _at(flat, at, "broken_address", f"the address of this {told} is not one.", is_error=True)
        return
    if parts.scheme.lower() == "http":
        yield _at(flat, at, "http", f"this {told} is fetched without encryption: write https.")
    if _PLACEHOLDER.search(address):
        yield _at(flat, at, "placeholder", f"the address of this {told} looks like a placeholder.")
    if host.lower() in _SHORTENED:
        yield _at(flat, at, "shortened", "shortened addresses hide where they lead; spam filters count them against a mail.")


def _check_words(flat: Flat, tag: Tag, address: str) -> Iterator[Finding]:
    """Words that look like the address of another host than the link leads to are what phishing does."""
    end = flat.text.find("<", tag.end)
    said = _ADDRESS_IN_WORDS.match(flat.text[tag.end : end]) if tag.name == "a" and end > 0 else None
    host = (urlsplit(address).hostname or "").lower()
    if said and host and not _is_alike(said[1].lower(), host):
        yield _at(flat, tag.start, "misleading", f"the words say {said[1]}, the link leads to {host}: filters take that for phishing.")


def _is_alike(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _check_subject(compiled: Compiled) -> Iterator[Finding]:
    flat = compiled.flats["subject"]
    subject = " ".join(render(compile_template(flat.text, escape=False), {}).split())
    letters = [letter for letter in subject if letter.isalpha()]
    if len(subject) > LONGEST_SUBJECT:
        yield _at(flat, 0, "long_subject", f"{len(subject)} characters; inboxes show about {LONGEST_SUBJECT}, phones 40.")
    if len(letters) > 8 and all(letter.isupper() for letter in letters):
        yield _at(flat, 0, "shouting", "a subject in capitals only looks like spam to people and filters.")
    if re.search(r"!!|\?\?|\$\$|€€", subject):
        yield _at(flat, 0, "shouting", "several exclamation or currency marks in a row look like spam to people and filters.")
    if re.match(r"(?:re|fwd?|aw|wg):", subject, re.IGNORECASE):
        yield _at(flat, 0, "feigned_reply", "this feigns an answer to a mail that nobody wrote.")


def _check_mail(compiled: Compiled) -> Iterator[Finding]:
    html = render(compile_template(compiled.html, escape=True), {})
    size = len(html.encode())
    if size > CLIPPED:
        yield Finding(
            False, "clipped", f"{size // 1000} kB of HTML: Gmail cuts a mail off after 102 kB, and with it the way to unsubscribe.", "body"
        )
    if UNSUBSCRIBE not in compiled.html:
        yield Finding(
            False,
            "no_unsubscribe",
            "there is no {{ unsubscribe_url }}: marketing mail gets a footer with it, in words that are not yours.",
            "body",
        )
    images = sum(tag.name == "img" and not tag.is_closing for tag in find_tags(compiled.html))
    if images and len(text_from_html(html).split()) < 10 * images:
        yield Finding(
            False,
            "mostly_images",
            "it says little beside its images: many people see none of them, and filters distrust such mail.",
            "body",
        )
    if not compiled.text.strip():
        yield Finding(
            False,
            "text_of_each",
            "its text part has to be made of each mail by itself, which takes longer: write one to send faster.",
            "text",
        )


def _check_short(compiled: Compiled) -> Iterator[Finding]:
    body = render(compile_template(compiled.short["body"], escape=False), {}).strip()
    if len(body) > LONGEST_SHORT:
        yield _at(
            compiled.flats["body"], 0, "long", f"{len(body)} characters: an SMS holds {LONGEST_SHORT}, a push message is cut off sooner."
        )
    url = compiled.short["url"].strip()
    if url and not find_liquid(url) and not _SCHEME.match(url):
        yield _at(compiled.flats["url"], 0, "relative", "the address has no https:// before it.", is_error=True)
