"""Where Liquid and tags stand in a source, told without changing it: parsers of HTML tear apart what Liquid they do not know."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from troth.content.errors import TemplateTooExpensive

FILLER = "q"
"""Stands for each character of Liquid where tags are looked for."""
_OPENING = re.compile(r"\{\{|\{%-?\s*(\w*)")
_WHOLE = ("raw", "comment")
"""Tags whose inside is no Liquid."""
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/<>"']*)((?:"[^"]*"|'[^']*'|[^"'<>])*+)>""")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
"""HTML that needs no end."""
MOST_TAGS = 4_000
"""Tags that open something in a mail; one of 102 kB has about 2,500."""
DEEPEST = 200
"""How deep they may stand in each other."""
_CLOSE_THEMSELVES = frozenset({"p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "colgroup", "col"})
"""HTML whose end may be left out: what follows ends it."""
_RAW_TEXT = ("script", "style", "title", "textarea", "mj-style", "mj-title")


class Chunk(NamedTuple):
    """A piece of Liquid. `tag` is empty for an output; a `raw` or `comment` is one piece with all in it."""

    start: int
    end: int
    tag: str


class Attribute(NamedTuple):
    """An attribute: its value as written, where that stands without its quotes, and where the whole attribute stands."""

    value: str
    value_start: int
    start: int
    end: int


class Tag(NamedTuple):
    """A tag. Names are lower case."""

    name: str
    start: int
    end: int
    is_closing: bool
    is_closed: bool
    """Whether it ends with `/>`."""
    attributes: Mapping[str, Attribute]

    def value(self, name: str) -> str:
        """The value of an attribute; empty where there is none."""
        return self.attributes[name].value if name in self.attributes else ""


def find_liquid(source: str) -> list[Chunk]:
    """All Liquid of a source in its order, in linear time; what is not closed is left out."""
    chunks, position, unclosed = [], 0, set()
    while opened := _OPENING.search(source, position):
        tag, end = opened[1] or "", -1
        closing = "%}" if opened[1] is not None else "}}"
        if tag in _WHOLE and tag not in unclosed:
            ended = re.compile(rf"\{{%-?\s*end{tag}\s*-?%\}}").search(source, opened.end())
            end = ended.end() if ended else -1
            if not ended:
                unclosed.add(tag)
        if end < 0:
            found = source.find(closing, opened.end())
            if found < 0:
                break
            end = found + 2
        chunks.append(Chunk(opened.start(), end, tag))
        position = end
    return chunks


def mask(source: str, chunks: Iterable[Chunk]) -> str:
    """The source with its Liquid made harmless, character for character."""
    parts, position = [], 0
    for chunk in chunks:
        parts += [source[position : chunk.start], FILLER * (chunk.end - chunk.start)]
        position = chunk.end
    return "".join([*parts, source[position:]])


def find_tags(source: str, chunks: Iterable[Chunk] | None = None) -> Iterator[Tag]:
    """The tags of a source in their order; none in comments, styles, scripts and Liquid. `chunks` is its Liquid, where it is known."""
    masked = mask(source, find_liquid(source) if chunks is None else chunks)
    lowered, position, missing = masked.lower(), 0, set()
    while (start := masked.find("<", position)) >= 0:
        if masked.startswith("<!--", start):
            end = masked.find("-->", start + 4)
            if end < 0:
                return
            position = end + 3
            continue
        found = _TAG.match(masked, start)
        if found is None:
            position = start + 1
            continue
        name, position = found[2].lower(), found.end()
        yield Tag(name, start, found.end(), bool(found[1]), found[3].endswith("/"), _attributes(source, masked, found))
        if name in _RAW_TEXT and not found[1] and not found[3].endswith("/") and name not in missing:
            end = lowered.find(f"</{name}", position)
            position = end if end >= 0 else position
            if end < 0:
                missing.add(name)


def _attributes(source: str, masked: str, tag: re.Match[str]) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {}
    for found in _ATTRIBUTE.finditer(masked, tag.start(3), tag.end(3)):
        start, end = (found.start(2), found.end(2)) if found[2] is not None else (found.end(), found.end())
        if found[2] and found[2][0] in "\"'":
            start, end = start + 1, end - 1
        attributes.setdefault(found[1].lower(), Attribute(source[start:end], start, found.start(), found.end()))
    return attributes


def check_nesting(tags: Iterable[Tag]) -> None:
    """Make sure that parsers can follow: those that are not written in Python end the process where the nesting exhausts their stack.

    Raises TemplateTooExpensive.
    """
    opened, depth, still_open = 0, 0, Counter[str]()
    for tag in tags:
        if tag.name in _CLOSE_THEMSELVES:
            opened += not tag.is_closing
        elif tag.is_closing and still_open[tag.name]:
            still_open[tag.name] -= 1
            depth -= 1
        elif not tag.is_closing and not tag.is_closed and tag.name not in VOID:
            still_open[tag.name] += 1
            opened, depth = opened + 1, depth + 1
        if opened > MOST_TAGS or depth > DEEPEST:
            raise TemplateTooExpensive(f"more than {MOST_TAGS} tags, or more than {DEEPEST} in each other")


class Tokens:
    """Words that stand for pieces of Liquid while something that does not know Liquid looks at the rest."""

    def __init__(self, source: str) -> None:
        number = next(number for number in range(len(source) + 2) if f"lq{number}x" not in source.lower())
        self._begin = f"lq{number}x"
        self._kept: list[str] = []
        self._pattern = re.compile(rf"{self._begin}(\d+)x")

    def put(self, liquid: str) -> str:
        """The word for a piece."""
        self._kept.append(liquid)
        return f"{self._begin}{len(self._kept) - 1}x"

    def restore(self, text: str) -> str:
        """The text with its Liquid back."""
        return self._pattern.sub(lambda found: self._kept[int(found[1])], text)

    def numbers_in(self, text: str) -> list[int]:
        """Which pieces stand in a text, in its order."""
        return [int(found[1]) for found in self._pattern.finditer(text)]

    @property
    def pattern(self) -> re.Pattern[str]:
        """What finds the words; its group is the number."""
        return self._pattern

    def kept(self, number: int) -> str:
        """A piece by its number."""
        return self._kept[number]
