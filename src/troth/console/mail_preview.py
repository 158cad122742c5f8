"""A mail as a page that may be shown to members: it looks as it was written, runs nothing, and asks no other host for anything.

A mail is written by marketers over data of strangers. It stands in a frame with a site of its own (sandbox), under a policy that has no
`unsafe-*`. Inline styles, which that policy would refuse, are moved into style elements that carry the page's nonce.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

from django.http import HttpResponse
from lxml import etree, html

from troth.console.headers import staff_headers

LARGEST = 2 * 1024 * 1024
"""Characters; mailbox providers cut off far earlier."""
MOST_STYLES = 2_000
_GONE = (
    "script",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "base",
    "link",
    "meta",
    "template",
    "audio",
    "video",
    "portal",
)
_LOADING = ("src", "srcset", "background", "poster", "data", "action", "formaction", "ping", "xlink:href", "manifest", "longdesc", "cite")
_LEADING = ("a", "area")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FETCHED = re.compile(r"@import[^;]*;?|url\(\s*(?![\"']?data:)[^)]*\)?|image-set\([^)]*\)?", re.IGNORECASE)
_BASE = ":where(body){margin:1rem;font-family:sans-serif;color:#1a1a18;background:#fff}:where([data-leads]){color:#2b3fc4;text-decoration:underline}"

_DARK_BASE = ":where(body){margin:1rem;font-family:sans-serif;color:#eceae4;background:#1a1a18}:where([data-leads]){color:#a9b4ff;text-decoration:underline}"
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)", re.IGNORECASE)


def show_mail(source: str, *, title: str, dark: bool = False) -> HttpResponse:
    """The HTML part of a mail as an answer that a frame of the console may show. `title` names it where it is opened by itself.

    `dark`: as for a reader whose system is dark, by the rules that the mail has for that.
    """
    if dark:
        source = _DARK.sub("(min-width:0)", _LIGHT.sub("(max-width:0)", source))
    nonce = secrets.token_urlsafe(16)
    response = HttpResponse(make_harmless(source, nonce=nonce, title=title, base=_DARK_BASE if dark else _BASE))
    staff_headers(response)
    response.headers["Content-Security-Policy"] = (
        f"sandbox; default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def make_harmless(source: str, *, nonce: str, title: str = "", base: str = "") -> str:
    """A whole page made of a mail's HTML: styled through the nonce, links that lead nowhere but tell where, pictures by their text."""
    page = _parse(source)
    head = page.find("head")
    if head is None:
        head = etree.Element("head")
        page.insert(0, head)
    for element in list(page.iter()):
        if element.tag in _GONE:
            element.drop_tree()
        else:
            _make_element_harmless(element, nonce)
    for found in page.iter("title"):
        found.text = title
    if head.find("title") is None:
        etree.SubElement(head, "title").text = title
    styles = [_style_element(base or _BASE, nonce), *_move_inline_styles(page, nonce)]
    for place, style in enumerate(styles):
        head.insert(place, style) if place == 0 else head.append(style)
    return f"<!doctype html>\n{etree.tostring(page, encoding='unicode', method='html')}"


def _parse(source: str) -> html.HtmlElement:
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", source[:LARGEST])
    try:
        return html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True))
    except etree.ParserError:
        return html.document_fromstring("<p></p>")


def _make_element_harmless(element: html.HtmlElement, nonce: str) -> None:
    if element.tag == "style":
        element.text = _make_css_harmless("".join(element.itertext()))
        element[:] = []
        element.set("nonce", nonce)
    if element.tag in _LEADING and (target := element.attrib.pop("href", "")):
        element.set("title", target)
        element.set("data-leads", "")
    for name, value in list(element.attrib.items()):
        fetches = name in _LOADING and not value.strip().lower().startswith("data:image/")
        if fetches or name.startswith("on") or name in ("href", "target", "http-equiv") or (name == "nonce" and element.tag != "style"):
            del element.attrib[name]


def _move_inline_styles(page: html.HtmlElement, nonce: str) -> Iterator[html.HtmlElement]:
    """Each different inline style becomes a class in a style element of its own, so that a broken one breaks no other."""
    classes: dict[str, str] = {}
    for element in page.iter():
        style = element.attrib.pop("style", "").strip()
        if not style or (style not in classes and len(classes) >= MOST_STYLES):
            continue
        name = classes.setdefault(style, f"inline-{len(classes)}")
        element.set("class", f"{element.get('class', '')} {name}".strip())
    for style, name in classes.items():
        # An inline style outweighs every selector of the mail: two ids weigh more than what mails use.
        rule = f".{name}:not(#x#x){{{style.replace('{', ' ').replace('}', ' ')}}}"
        yield _style_element(_make_css_harmless(rule), nonce)


def _style_element(css: str, nonce: str) -> html.HtmlElement:
    element = etree.Element("style", nonce=nonce)
    element.text = css
    return element


def _make_css_harmless(css: str) -> str:
    """Nothing is fetched, and the style element does not end before it ends."""
    return _FETCHED.sub("none", css).replace("</", "<\\/").replace("<!--", "").replace("-->", "")
