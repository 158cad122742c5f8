"""An e-mail as a template, and as rendered for one person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from troth.content.errors import TemplateInvalid
from troth.content.languages import choose_language, languages_of
from troth.content.liquid import compile_template, render
from troth.content.text import text_from_html

UNSUBSCRIBE = "unsubscribe_url"
"""The variable with the link that withdraws the consent a marketing mail relies on."""
_CONTROL_CHARACTERS = dict.fromkeys([*range(32), *range(127, 160)])
_BODY_END = re.compile("</body>", re.IGNORECASE)


@dataclass(frozen=True)
class RenderedEmail:
    """What one person gets. The subject is one line."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class EmailTemplate:
    """Liquid sources of subject, HTML part and, optionally, text part (made from the HTML when empty), and of their translations."""

    subject: str
    html: str
    text: str = ""
    translations: Mapping[str, EmailTemplate] = field(default_factory=dict)
    """By language; a person who has none of them gets this one."""

    def for_person(self, person: object) -> EmailTemplate:
        """The mail in the language of a person, as templates know persons."""
        if not self.translations:
            return self
        chosen = choose_language(self.translations, languages_of(person))
        return self.translations[chosen] if chosen else self

    def check(self) -> None:
        """Make sure at publish that it will render: all parts compile, and render even for a person of whom nothing is known.

        Raises TemplateInvalid with part, line and column, and TemplateTooExpensive.
        """
        if not self.subject.strip():
            raise TemplateInvalid(1, 1, "it is empty; every mail needs one.", part="subject")
        if not self.html.strip():
            raise TemplateInvalid(1, 1, "it is empty; write the mail.", part="html")
        for part in ("subject", "html", "text"):
            try:
                self.render_part(part, {})
            except TemplateInvalid as error:
                raise TemplateInvalid(error.line, error.column, error.message, part=part) from None

    def render_part(self, part: str, variables: Mapping[str, Any]) -> str:
        """Render `subject`, `html` or `text`; only the HTML escapes variables. Raises ContentError."""
        return render(compile_template(getattr(self, part), escape=part == "html"), variables)


def render_email(template: EmailTemplate, variables: Mapping[str, Any], *, unsubscribe_url: str | None = None) -> RenderedEmail:
    """Render for one person, in the person's language where there is a translation.

    `unsubscribe_url` marks marketing: a part that does not show the link gets a footer with it (ePrivacy Directive, Art. 13(2) and (4)).
    The subject is one line, whatever the data says, so that it cannot add headers. Raises ContentError.
    """
    template = template.for_person(variables.get("person"))
    known = {**variables, UNSUBSCRIBE: unsubscribe_url or ""}
    subject = " ".join(template.render_part("subject", known).split()).translate(_CONTROL_CHARACTERS)
    html = template.render_part("html", known)
    if unsubscribe_url and not _links_to(html, unsubscribe_url):
        html = put_at_end(html, f'<p style="font-size:small"><a href="{escape(unsubscribe_url)}">Unsubscribe</a></p>')
    text = template.render_part("text", known) if template.text.strip() else text_from_html(html)
    if unsubscribe_url and unsubscribe_url not in text:
        text = f"{text.rstrip()}\n\n--\nUnsubscribe: {unsubscribe_url}\n"
    return RenderedEmail(subject=subject, html=html, text=text)


def _links_to(html: str, url: str) -> bool:
    """Whether a link to the address can be clicked: one in a comment cannot."""
    first, *others = html.split("<!--")
    visible = first + "".join(other.partition("-->")[2] for other in others)
    return any(f"href={quote}{spelling}" in visible for quote in ('"', "'", "") for spelling in (url, escape(url)))


def put_at_end(html: str, piece: str) -> str:
    """HTML with a piece more, the last that is shown."""
    ends = list(_BODY_END.finditer(html))
    position = ends[-1].start() if ends else len(html)
    return html[:position] + piece + html[position:]
