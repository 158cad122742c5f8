"""MJML into HTML, once at publish, with its Liquid kept: between the elements Liquid travels in `mj-raw`, elsewhere as a word.

The library passes over much that is wrong, so the structure is checked here first, with line and column. Nothing foreign gets into a mail that its
author did not write: no font, no icon of the makers of MJML, no file of the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mjml import mjml2html

from troth.content.errors import TemplateInvalid
from troth.content.inlining import inline_styles
from troth.content.markup import VOID, Chunk, Tag, Tokens, check_nesting, find_liquid, find_tags, mask

HOLDS_TEXT = frozenset(
    {
        "mj-text", "mj-button", "mj-raw", "mj-table", "mj-style", "mj-title", "mj-preview", "mj-navbar-link", "mj-accordion-title",
        "mj-accordion-text", "mj-social-element",
    }
)  # fmt: skip
STRUCTURE = frozenset(
    {
        "mjml", "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-section", "mj-wrapper", "mj-group", "mj-column",
        "mj-image", "mj-divider", "mj-spacer", "mj-hero", "mj-navbar", "mj-social", "mj-accordion", "mj-accordion-element", "mj-carousel",
        "mj-carousel-image", "mj-html-attributes", "mj-selector", "mj-html-attribute",
    }
)  # fmt: skip
REFUSED = {
    "mj-include": "files cannot be included: use a snippet, {% include 'key' %}.",
    "mj-font": "fonts of other hosts tell them who opens the mail, so none is loaded: name fonts that readers have.",
}
_PLACE = re.compile(r"at position (\d+):\d+")
_ADDRESS = re.compile(r"""(?:src|href|background)=["']?(https?://[^"'\s>]+)|url\(["']?(https?://[^"')\s]+)""", re.IGNORECASE)
_HOST = re.compile(r"https?://([^/\"'\s?#)<>]+)", re.IGNORECASE)
_INLINE_STYLE = re.compile(r"<mj-style\b[^>]*\binline\b[^>]*>(.*?)</mj-style", re.DOTALL | re.IGNORECASE)


def compile_mjml(source: str, language: str = "") -> str:
    """The HTML of a whole MJML document with Liquid. Raises TemplateInvalid with line and column."""
    chunks = find_liquid(source)
    tags = list(find_tags(source, chunks))
    check_nesting(tags)
    structural = _check_structure(source, chunks, tags)
    tokens = Tokens(source)
    hidden = _hide(source, chunks, structural, tokens)
    try:
        made = str(mjml2html(hidden, fonts={}))
    except ValueError as error:
        raise _located(str(error), hidden, tokens) from None
    _refuse_lost(source, chunks, tags, tokens, made)
    _refuse_foreign(source, made)
    html = tokens.restore(made)
    if language:
        html = html.replace('lang="und"', f'lang="{language}"')
    css = "\n".join(found[1] for found in _INLINE_STYLE.finditer(source))
    if css:
        try:
            html = inline_styles(html, css)
        except ValueError as error:
            raise TemplateInvalid(1, 1, f"the CSS of mj-style cannot be understood ({error}).") from None
    return html


def _check_structure(source: str, chunks: list[Chunk], tags: list[Tag]) -> list[bool]:
    """For each piece of Liquid whether it stands between elements. Raises TemplateInvalid for what MJML would silently drop or break on."""
    if not any(tag.name == "mjml" for tag in tags):
        raise TemplateInvalid(1, 1, "this is no MJML: it begins with <mjml><mj-body>.")
    structural, waiting = [], iter(chunks)
    chunk = next(waiting, None)
    open_tags: list[Tag] = []
    position = 0
    for tag in [*tags, None]:
        begin = tag.start if tag else len(source)
        holder = next((one for one in reversed(open_tags) if one.name.startswith("mj-") or one.name == "mjml"), None)
        between = holder is None or holder.name not in HOLDS_TEXT
        if between:
            _refuse_text(source, position, begin, chunks, is_outside=holder is None)
        while chunk and chunk.start < (tag.end if tag else len(source)):
            structural.append(between and chunk.start < begin)
            chunk = next(waiting, None)
        if tag is None:
            break
        position = tag.end
        _follow(source, tag, open_tags, between=between)
    if open_tags:
        raise _at(source, open_tags[-1].start, f"<{open_tags[-1].name}> is never closed.")
    return structural


def _follow(source: str, tag: Tag, open_tags: list[Tag], *, between: bool) -> None:
    """Keep the list of elements that are open. Raises TemplateInvalid."""
    is_own = tag.name == "mjml" or tag.name.startswith("mj-")
    if tag.name in REFUSED:
        raise _at(source, tag.start, REFUSED[tag.name])
    if is_own and tag.name not in STRUCTURE | HOLDS_TEXT:
        raise _at(source, tag.start, f"MJML has no <{tag.name}>.")
    if not is_own and between and open_tags and open_tags[-1].name != "mj-html-attributes":
        raise _at(source, tag.start, f"<{tag.name}> stands between MJML elements: put it into mj-text or mj-raw.")
    for name, attribute in tag.attributes.items():
        if is_own and source[attribute.end - 1] not in "\"'":
            raise _at(source, attribute.start, f'attributes of MJML are written {name}="value", and Liquid can only stand in the value.')
    if tag.is_closed or tag.name in VOID:
        return
    if not tag.is_closing:
        open_tags.append(tag)
    elif not open_tags or open_tags[-1].name != tag.name:
        expected = f": </{open_tags[-1].name}> is expected" if open_tags else ""
        raise _at(source, tag.start, f"</{tag.name}> closes nothing here{expected}.")
    else:
        open_tags.pop()


def _refuse_text(source: str, start: int, end: int, chunks: list[Chunk], *, is_outside: bool) -> None:
    inside = mask(source, chunks)[start:end] if start < end else ""
    for words in re.finditer(r"\S+", re.sub(r"<!--.*?-->", lambda comment: " " * len(comment[0]), inside, flags=re.DOTALL)):
        at = start + words.start()
        if not any(chunk.start <= at < chunk.end for chunk in chunks):
            raise _at(source, at, "text stands between MJML elements, where it is dropped: put it into mj-text.")
        if is_outside:
            raise _at(source, at, "Liquid stands outside <mjml>: put it inside mj-body.")


def _hide(source: str, chunks: list[Chunk], structural: list[bool], tokens: Tokens) -> str:
    parts, position = [], 0
    for chunk, is_between in zip(chunks, structural, strict=True):
        word = tokens.put(source[chunk.start : chunk.end])
        parts += [source[position : chunk.start], f"<mj-raw>{word}</mj-raw>" if is_between else word]
        position = chunk.end
    return "".join([*parts, source[position:]])


def _refuse_lost(source: str, chunks: list[Chunk], tags: list[Tag], tokens: Tokens, made: str) -> None:
    kept = set(tokens.numbers_in(made))
    for number, chunk in enumerate(chunks):
        if number not in kept and not _is_in_head(chunk, tags):
            raise _at(source, chunk.start, "MJML drops what stands here: put the Liquid into mj-text or mj-raw, or around whole elements.")


def _is_in_head(chunk: Chunk, tags: list[Tag]) -> bool:
    """What the head declares and nothing uses is no loss."""
    ends = (tag.start for tag in tags if tag.name == "mj-head" and tag.is_closing)
    return chunk.end <= next(ends, 0)


def _refuse_foreign(source: str, made: str) -> None:
    """Whatever host the mail would ask stands in its source."""
    known = {host.lower() for host in _HOST.findall(source)}
    for address in _addresses(made):
        host = _HOST.match(address)
        if host and host[1].lower() not in known:
            at = next((tag.start for tag in find_tags(source) if tag.name == "mj-social-element"), 0)
            raise _at(
                source, at, f"MJML would load or link {host[1]}: give the element its own src, and to social elements a name with -noshare."
            )


def _addresses(html: str) -> Iterator[str]:
    for found in _ADDRESS.finditer(html):
        yield found[1] or found[2]


def _located(told: str, hidden: str, tokens: Tokens) -> TemplateInvalid:
    """The library's error with its place, where it tells one (bytes)."""
    found = _PLACE.search(told)
    before = tokens.restore(hidden.encode()[: int(found[1])].decode(errors="ignore").replace("<mj-raw>lq", "lq")) if found else ""
    message = f"MJML: {told.partition(' in root template')[0]}."
    return TemplateInvalid(before.count("\n") + 1, len(before) - before.rfind("\n"), message)


def _at(source: str, offset: int, message: str) -> TemplateInvalid:
    return TemplateInvalid(source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset), message)
