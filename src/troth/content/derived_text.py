"""The text part of a template, made once from its HTML with Liquid, where that can be done: then no mail has to be turned into text by itself."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from troth.content.errors import ContentError
from troth.content.liquid import compile_template, render
from troth.content.markup import Chunk, Tag, Tokens, find_liquid, find_tags
from troth.content.text import text_from_html

_BETWEEN_WORDS = re.compile(r"[\s()]+")
_TABLE = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th"})
_SAMPLE = "lorem"


def derive_text(html: str, reads: list[tuple[str, ...]]) -> str:
    """Liquid of the text part; empty where it has to be made of each rendered mail.

    Where rows of a table are repeated, each is a line: nothing can be aligned that is not known yet.

    `reads` are the paths that the HTML reads: both ways are tried on made-up data, and on none, and have to say the same.
    """
    chunks = find_liquid(html)
    tags = list(find_tags(html, chunks))
    source = _lay_out_in_lines(html, tags) if _repeats_rows(chunks, tags) else html
    chunks = find_liquid(source)
    tokens = Tokens(source)
    parts, position = [], 0
    for chunk in chunks:
        parts += [source[position : chunk.start], tokens.put(source[chunk.start : chunk.end])]
        position = chunk.end
    text = text_from_html("".join([*parts, source[position:]]))
    if not _keeps_order(tokens.numbers_in(text), chunks):
        return ""
    derived = tokens.restore(_join_control_lines(text, tokens))
    return derived if all(_say_the_same(html, derived, variables) for variables in (_make_up([]), _make_up(reads))) else ""


def _keeps_order(numbers: list[int], chunks: list[Chunk]) -> bool:
    """Whether every output still stands between the same tags; of a link the words come before the address."""
    control, controls = -1, [number for number in numbers if chunks[number].tag]
    if len(set(numbers)) < len(numbers) or controls != sorted(controls):
        return False
    for number in numbers:
        if chunks[number].tag:
            control = number
        elif control != max((one for one in controls if one < number), default=-1):
            return False
    return True


def _repeats_rows(chunks: list[Chunk], tags: list[Tag]) -> bool:
    """Whether Liquid stands between rows or cells: what is aligned there depends on each mail."""
    controls = [chunk.start for chunk in chunks if chunk.tag]
    for before, after in pairwise(tag for tag in tags if tag.name in _TABLE):
        is_in_cell = before.name in ("td", "th") and not before.is_closing
        is_after_table = before.name == "table" and before.is_closing
        if not is_in_cell and not is_after_table and any(before.end <= at < after.start for at in controls):
            return True
    return False


def _lay_out_in_lines(html: str, tags: list[Tag]) -> str:
    """The same without tables: rows are lines, and so are the cells of tables that only lay something out."""
    parts, position, layouts = [], 0, [True]
    for tag in tags:
        if tag.name not in _TABLE:
            continue
        if tag.name == "table" and not tag.is_closing:
            layouts.append(tag.value("role").lower() == "presentation")
        name = "span" if tag.name in ("td", "th") and not layouts[-1] else "div"
        if tag.name == "table" and tag.is_closing and len(layouts) > 1:
            layouts.pop()
        after = tag.start + (2 if tag.is_closing else 1) + len(tag.name)
        parts += [html[position : tag.start], f" </{name}" if tag.is_closing else f"<{name}", html[after : tag.end]]
        position = tag.end
    return "".join([*parts, html[position:]])


def _join_control_lines(text: str, tokens: Tokens) -> str:
    """A line with nothing but tags of Liquid is no line of the mail."""
    lines = []
    for line in text.splitlines(keepends=True):
        numbers = tokens.numbers_in(line)
        is_control = bool(numbers) and not tokens.pattern.sub("", line).strip()
        if is_control and all(tokens.kept(number).startswith("{%") for number in numbers):
            lines.append(line.strip())
        else:
            lines.append(line)
    return "".join(lines)


def _make_up(reads: list[tuple[str, ...]]) -> dict[str, Any]:
    """Data in which all that is read is there."""
    made: dict[str, Any] = {}
    for path in reads:
        place = made
        for name in path[:-1]:
            inner = place.setdefault(name, {})
            place[name] = place = inner if isinstance(inner, dict) else {}
        place.setdefault(path[-1], _SAMPLE if len(path) > 1 else {})
    return {**made, "user": made.get("person", {}), "unsubscribe_url": "https://example.invalid/", "ask_url": "https://example.invalid/"}


def _say_the_same(html: str, derived: str, variables: dict[str, Any]) -> bool:
    """Whether both ways lead to the same words, whatever the blanks between them."""
    try:
        by_itself = text_from_html(render(compile_template(html, escape=True), variables))
    except ContentError:
        return True  # made-up data, such as a word where a number is expected, say nothing
    try:
        at_once = render(compile_template(derived, escape=False), variables)
    except ContentError:
        return False
    return _words(by_itself) == _words(at_once)


def _words(text: str) -> str:
    """The words of a text, without blanks and the brackets of links: there are none where the words or the address are empty."""
    return _BETWEEN_WORDS.sub("", text)
