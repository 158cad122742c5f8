"""The fields of a mail that is written in a form, of a campaign or of a newsletter's variant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.campaigns.editing import LONGEST_SUBJECT
from troth.console.widgets import CODE
from troth.content.library import list_mails, list_shorts
from troth.content.liquid import MAX_SOURCE


def _source(rows: int) -> dict[str, Any]:
    """Of a box for a source of so many rows."""
    return {
        "required": False,
        "max_length": MAX_SOURCE,
        "strip": False,
        "widget": forms.Textarea(attrs={"rows": rows, "class": "mono", **CODE}),
    }


class MailFields(forms.Form):
    """Subject, HTML and text."""

    NEEDED = ("subject", "html")

    subject = forms.CharField(label=_("Subject"), required=False, max_length=LONGEST_SUBJECT, widget=forms.TextInput(attrs=CODE))
    html = forms.CharField(label=_("HTML"), **_source(18))
    text = forms.CharField(label=_("Text part"), help_text=_("Made from the HTML when empty."), **_source(6))


def list_written(workspace_id: int, chosen: str) -> list[tuple[str, str]]:
    """What can be sent instead of what is written here: stored mails, the chosen one too, and short messages."""
    mails = [(piece.key, f"{piece.name} · {piece.key}") for piece in list_mails(workspace_id, chosen)]
    return [*mails, *((piece.key, _("%(name)s · short message") % {"name": piece.name}) for piece in list_shorts(workspace_id))]
