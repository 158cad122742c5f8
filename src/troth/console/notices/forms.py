"""The forms of the room: what a notice is, its draft in one language, and the company's own page."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from troth.consent.catalog import load_catalog
from troth.consent.declaring import LONGEST_INSTRUCTION, LONGEST_URL
from troth.consent.notices import LONGEST_TEXT, SAYS
from troth.kernel.json_text import encode

LONGEST_SAYING = 4_000
WORDS: Mapping[str, tuple[Promise, Promise]] = {
    "controller": (_("Who asks"), _("Name and contact of your company. The text has to contain the first line of this.")),
    "purposes": (_("What for"), _("In plain words, each purpose for itself.")),
    "data": (_("Which data"), _("All kinds that are used for it.")),
    "withdrawal": (_("How to withdraw"), _("At any time, and as easily as agreeing.")),
    "transfers": (_("Transfers to third countries"), _("Where to, and the safeguard.")),
    "automated_decision": (_("Automated decisions"), _("The logic, and what follows for the person.")),
    "recipients": (_("Who receives the data"), _("Every controller by name.")),
    "retention": (_("How long it is kept"), _("Or by what that is decided.")),
    "rights": (_("Rights of the person"), _("Access, correction, erasure, restriction, portability, objection.")),
    "authority": (_("Supervisory authority"), _("Where to complain.")),
}
"""Label and hint of each thing that a notice says (Art. 13)."""


class NoticeForm(forms.Form):
    """What a notice is, in whichever language."""

    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("Members find it by this."))
    key = forms.CharField(
        label=_("Key"),
        max_length=64,
        help_text=_("Forms, the API and consents name the notice by it; it stays. Letters, digits, “-”, “_” and “.”."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off", "class": "mono"}),
    )
    purposes = forms.MultipleChoiceField(
        label=_("Purposes"), help_text=_("What it asks about. Each has a box of its own."), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, workspace_id: int, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.initial.get("purposes", [])
        rules = [rule for rule in load_catalog(workspace_id).purposes.values() if rule.basis == "consent" or rule.key in own]
        self.fields["purposes"].choices = [(rule.key, rule.name) for rule in rules]  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["key"]


class SourceForm(forms.Form):
    """The company's own preference page, with the controller's instruction."""

    shown = forms.ChoiceField(label=_("Notice, version and language that the page shows"))
    url = forms.CharField(
        label=_("Address of the page"),
        max_length=LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://www.example.com/preferences", "autocomplete": "off"}),
    )
    instruction = forms.CharField(
        label=_("Instruction"),
        max_length=LONGEST_INSTRUCTION,
        help_text=_("In your words: who declares it, and how the page asks. It is kept with the date."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, choices: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shown"].choices = choices  # type: ignore[attr-defined]

    def place(self) -> tuple[str, int, str]:
        """Notice, version and language chosen."""
        notice, version, language = self.cleaned_data["shown"].split("/")
        return notice, int(version), language


def read_draft(posted: Mapping[str, str]) -> dict[str, Any]:
    """A draft as posted, cut at what can be kept; lines end as in the text that is hashed, with a line feed."""
    says = {name: _plain(posted.get(f"says_{name}", ""))[:LONGEST_SAYING].strip() for name in SAYS}
    return {
        "text": _plain(posted.get("text", ""))[: LONGEST_TEXT + 1].strip(),
        "says": {name: words for name, words in says.items() if words},
    }


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def seal_of(draft: Mapping[str, Any] | None) -> str:
    """Tells whether somebody saved the draft meanwhile."""
    return sha256(encode(draft).encode()).hexdigest()[:16] if draft else ""
