"""The text part of a mail, made from its HTML."""

from __future__ import annotations

import re

from inscriptis import get_text
from inscriptis.model.config import ParserConfig

_CONFIG = ParserConfig(display_links=True, display_images=True)
_LINK = re.compile(r"\[\[?([^\[\]\n]{0,1000})\]?\]\(([^\s()]{1,4000})\)")


def text_from_html(html: str) -> str:
    """Readable plain text of HTML: links become `words (address)`, images their alternative text, hidden parts stay away."""
    if not html.strip():
        return ""
    lines = [line.rstrip() for line in _LINK.sub(_plain_link, get_text(html, _CONFIG)).strip().splitlines()]
    return "\n".join(lines) + "\n"


def _plain_link(link: re.Match[str]) -> str:
    words, address = link[1].strip(), link[2].removeprefix("mailto:")
    return address if words in ("", address) else f"{words} ({address})"
