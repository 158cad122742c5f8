"""What a template says to people outside of its translation tags."""

from __future__ import annotations

import re
from html.parser import HTMLParser

COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}|<!--.*?-->", re.DOTALL)
TRANSLATED = re.compile(r"\{%-?\s*blocktrans(?:late)?\b.*?%\}.*?\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]{2,}")
SAID = frozenset({"aria-label", "aria-description", "title", "alt", "placeholder", "label", "hint", "text", "empty"})
"""Attributes whose value a person reads or hears; of HTML and of the components."""
UNTRANSLATED = frozenset({"code", "c-code", "c-kbd", "kbd", "script", "style", "svg"})
"""What is the same in every language: code, keys, pictures."""
NAMES = re.compile(r"\b(?:Troth|CSV|JSON|HTML|ID|URL|API|UTC|SMTP|Atom|HTTP|SHA-256)\b")


def find_bare_text(source: str) -> list[str]:
    """Texts and spoken attributes of a template that are not handed to gettext."""
    for pattern in (COMMENT, TRANSLATED):
        source = pattern.sub(" ", source)
    if "<" not in TAG.sub(" ", source):
        # Attributes to be included in a tag: what they say is judged where it is read as HTML.
        source = f"<p {source}></p>"
    reader = _Reader()
    # Tags of the template language may hold quotes and angle brackets, which would confuse the reader of HTML.
    reader.feed(TAG.sub(" ", source))
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNTRANSLATED:
            self._inside.append(tag)
        self.found += [f'{name}="{value}"' for name, value in attrs if name in SAID and value and _speaks(value)]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            self._inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._inside and _speaks(data):
            self.found.append(" ".join(data.split()))


def _speaks(text: str) -> bool:
    return bool(LETTERS.search(NAMES.sub(" ", text)))
