"""What to put into a page of one's own: a link, one script tag, or a plain HTML form that needs no script."""

from __future__ import annotations

from django.conf import settings
from django.utils.html import escape

from troth.consent.form_words import label_of, words_in
from troth.consent.forms import ask_in
from troth.consent.models import ConsentForm


def write_link(form: ConsentForm) -> str:
    """The address of the hosted form."""
    return f"{settings.TROTH_URL}/f/{form.form_id}"


def write_script_tag(form: ConsentForm) -> str:
    """The tag that puts the form's frame in its own place."""
    return f'<script src="{settings.TROTH_URL}/f/embed.js" data-form="{form.form_id}" async></script>'


def write_plain_form(form: ConsentForm, language: str) -> str:
    """The form as plain HTML, with the notice word for word; empty where it is not published in the language."""
    asked, words = ask_in(form, language), words_in(language)
    if asked is None or words is None:
        return ""
    lines = [f'<form method="post" action="{write_link(form)}" lang="{escape(language)}">']
    lines += [f"  <p>{escape(' '.join(part.split()))}</p>" for part in asked.text.split("\n\n") if part.strip()]
    lines.append(f'  <p><label>{escape(words["address"])} <input type="email" name="email" autocomplete="email" required></label></p>')
    for field in asked.fields:
        required = " required" if field.required else ""
        lines.append(f'  <p><label>{escape(field.label)} <input name="attribute.{field.attribute}" maxlength="200"{required}></label></p>')
    for question in asked.questions:
        told = ": ".join(escape(part) for part in (question.name, question.description) if part)
        box = f'<input type="checkbox" name="purpose" value="{escape(question.rule.key)}">'
        lines.append(f"  <p>{told}<br><label>{box} {escape(label_of(question, language))}</label></p>")
    lines.append(f"  <p>{escape(words['withdraw'])}</p>")
    lines.append(f'  <input type="hidden" name="language" value="{escape(language)}">')
    lines.append(f'  <input type="hidden" name="notice_version" value="{escape(asked.shown.version)}">')
    return "\n".join([*lines, f"  <button>{escape(words['send'])}</button>", "</form>"])
