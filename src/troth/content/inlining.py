"""Styles into attributes, once at publish: mail clients that drop style elements still show the mail as it was meant.

Only the style attributes are taken from what the library makes of the HTML; all else stays as it was written, character for character,
because a parser of HTML would move Liquid out of tables and cut it at its quotes. Nothing is fetched.
"""

from __future__ import annotations

from html import escape

import css_inline
from lxml import etree
from lxml import html as lxml_html

from troth.content.markup import Tag, Tokens, check_nesting, find_liquid, find_tags

_MARK = "data-lq"


def inline_styles(html: str, extra_css: str = "") -> str:
    """HTML with Liquid, with the rules of its style elements in the style attributes of what they apply to.

    The style elements stay: they hold what no attribute can. With `extra_css` those rules instead.
    Raises ValueError for CSS that cannot be understood, TemplateTooExpensive.
    """
    if not extra_css and "<style" not in html.lower():
        return html
    chunks = find_liquid(html)
    check_nesting(find_tags(html, chunks))
    tokens = Tokens(html + extra_css)
    tags = [tag for tag in find_tags(html, chunks) if not tag.is_closing and tag.name not in ("style", "html", "head", "meta", "title")]
    computed = _compute(html, tags, tokens, extra_css)
    parts, position = [], 0
    for number, tag in enumerate(tags):
        style = computed.get(number, "")
        own = tag.attributes.get("style")
        keeps_own = own is not None and bool(find_liquid(own.value))
        if not style:
            continue
        written = tokens.restore(escape(style))
        if own is not None:
            also = f"; {_quotable(own.value)}" if keeps_own else ""
            parts += [html[position : own.start], f'style="{written.rstrip("; ")}{also}"']
            position = own.end
        else:
            after = tag.start + 1 + len(tag.name)
            parts += [html[position:after], f' style="{written}"']
            position = after
    return "".join([*parts, html[position:]])


def _compute(html: str, tags: list[Tag], tokens: Tokens, extra_css: str) -> dict[int, str]:
    """The style attribute of each tag, by its place in the list."""
    parts, position = [], 0
    for number, tag in enumerate(tags):
        after = tag.start + 1 + len(tag.name)
        parts += [html[position:after], f' {_MARK}="{number}"']
        position = after
        own = tag.attributes.get("style")
        if own is not None and find_liquid(own.value):
            parts.append(html[position : own.start])
            position = own.end
    marked = "".join([*parts, html[position:]])
    harmless = _hide_liquid(marked, tokens)
    css = _hide_liquid(extra_css, tokens) if extra_css else None
    inliner = css_inline.CSSInliner(
        load_remote_stylesheets=False, inline_style_tags=not extra_css, extra_css=css, keep_style_tags=False, keep_link_tags=False
    )
    try:
        made = inliner.inline(harmless)
    except css_inline.InlineError as error:
        raise ValueError(str(error)) from None
    try:
        page = lxml_html.document_fromstring(made)
    except etree.ParserError:
        return {}
    return {int(element.get(_MARK)): element.get("style", "") for element in page.iter() if (element.get(_MARK) or "").isdigit()}


def _hide_liquid(source: str, tokens: Tokens) -> str:
    """A word for each piece of Liquid."""
    parts, position = [], 0
    for chunk in find_liquid(source):
        parts += [source[position : chunk.start], tokens.put(source[chunk.start : chunk.end])]
        position = chunk.end
    return "".join([*parts, source[position:]])


def _quotable(value: str) -> str:
    """A value between double quotes; those in Liquid may stay, for they are gone when it is rendered."""
    parts, position = [], 0
    for chunk in find_liquid(value):
        parts += [value[position : chunk.start].replace('"', "&quot;"), value[chunk.start : chunk.end]]
        position = chunk.end
    return "".join([*parts, value[position:].replace('"', "&quot;")])
