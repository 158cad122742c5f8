"""The text part of a mail, made from its HTML."""

from __future__ import annotations

from inscriptis import get_text
from inscriptis.model.config import ParserConfig

_CONFIG = ParserConfig(display_links=True, display_anchors=False)


def text_from_html(html: str) -> str:
    """Readable text of HTML, links kept in brackets."""
    if not html.strip():
        return ""
    lines = [line.rstrip() for line in get_text(html, _CONFIG).strip().splitlines()]
    return "\n".join(lines) + "\n"
