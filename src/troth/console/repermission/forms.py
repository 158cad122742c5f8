"""The form of an asking."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.campaigns.repermission import LONGEST_SUBJECT
from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.models import Notice
from troth.console.showing import put_in_words
from troth.console.widgets import CODE
from troth.content.liquid import MAX_SOURCE

FIELDS = ("purpose", "notice", "ground", "subject", "html")
BLANK = {
    "ground": "service",
    "subject": "May we?",
    "html": (
        "<h1>Hello {{ person.first_name | default: 'there' }}</h1>\n<p>Say here in one sentence what you ask for, and nothing else.</p>\n"
        '<p><a href="{{ ask_url }}">Yes or no: answer here</a></p>\n<p>If you do nothing, nothing changes.</p>\n'
    ),
}


class AskingForm(forms.Form):
    """What is asked, by which notice, on which ground the mail is sent, and the mail."""

    purpose = forms.ChoiceField(label=_("Ask for consent to"))
    notice = forms.ChoiceField(
        label=_("With the words of"), help_text=_("The page that the mail leads to shows this notice, with Yes and No.")
    )
    ground = forms.ChoiceField(
        label=_("The mail itself is sent for"),
        help_text=_(
            "Asking for consent to marketing is marketing, courts say. Choose a purpose that allows this mail without the consent:"
            " only persons whom it lets you write to are asked."
        ),
    )
    subject = forms.CharField(label=_("Subject"), max_length=LONGEST_SUBJECT, widget=forms.TextInput(attrs=CODE))
    html = forms.CharField(
        label=_("HTML"),
        max_length=MAX_SOURCE,
        strip=False,
        help_text=_("The variable ask_url is the person's own link to the page."),
        widget=forms.Textarea(attrs={"rows": 14, "class": "mono", **CODE}),
    )

    def __init__(self, workspace_id: int, rules: list[PurposeRule], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, list[tuple[str, Any]]] = {
            "purpose": [(rule.key, rule.name) for rule in rules],
            "notice": [(one.key, one.title) for one in Notice.objects.filter(workspace_id=workspace_id, version__gt=0).order_by("title")],
            "ground": [(rule.key, f"{rule.name} · {put_in_words(rule.basis)}") for rule in load_catalog(workspace_id).purposes.values()],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]

    def fields_of(self) -> dict[str, str]:
        """What was entered, as fields of an asking."""
        return {name: self.cleaned_data[name] for name in FIELDS}
