"""An e-mail as a template, and as rendered for one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from troth.content.errors import TemplateInvalid
from troth.content.liquid import compile_template, render
from troth.content.text import text_from_html

UNSUBSCRIBE = "unsubscribe_url"


@dataclass(frozen=True)
class RenderedEmail:
    """What one person gets."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class EmailTemplate:
    """Liquid sources of subject, HTML part and, optionally, text part (made from the HTML when empty)."""

    subject: str
    html: str
    text: str = ""

    def check(self) -> None:
        """Make sure that it compiles and says something. Raises TemplateInvalid with part and line."""
        if not self.subject.strip():
            raise TemplateInvalid("subject", None, "is empty: every mail needs one.")
        if not self.html.strip():
            raise TemplateInvalid("html", None, "is empty: write the mail.")
        compile_template(self.subject, part="subject", escape=False)
        compile_template(self.html, part="html", escape=True)
        compile_template(self.text, part="text", escape=False)


def render_email(template: EmailTemplate, variables: Mapping[str, Any], *, unsubscribe_url: str | None = None) -> RenderedEmail:
    """Render for one person. With `unsubscribe_url` (marketing) a mail that does not show the link itself gets a footer with it.

    The subject is one line, whatever the data says. Raises ContentError.
    """
    known = {**variables, UNSUBSCRIBE: unsubscribe_url or ""}
    subject = " ".join(render(compile_template(template.subject, part="subject", escape=False), known).split())
    html = render(compile_template(template.html, part="html", escape=True), known)
    if unsubscribe_url and escape(unsubscribe_url) not in html:
        html = _with_footer(html, unsubscribe_url)
    text = render(compile_template(template.text, part="text", escape=False), known) if template.text.strip() else text_from_html(html)
    if unsubscribe_url and unsubscribe_url not in text:
        text += f"\n--\nUnsubscribe: {unsubscribe_url}\n"
    return RenderedEmail(subject=subject, html=html, text=text)


def _with_footer(html: str, url: str) -> str:
    footer = f'<p><small><a href="{escape(url)}">Unsubscribe</a></small></p>'
    head, body_end, rest = html.rpartition("</body>")
    return f"{head}{footer}{body_end}{rest}" if body_end else html + footer
