"""What a form is, as members write it; what is wrong is told at its field."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from troth.consent.catalog import load_catalog
from troth.consent.forms import MOST_FIELDS, FormField, FormInvalid, FormTerms
from troth.console.consent_forms.reading import list_published_notices
from troth.console.widgets import CODE

LABEL = "label:"
"""Before purpose and language, in the names of the fields for what stands beside a box."""
SPARE = 3
"""Empty rows for more to be asked."""


class ConsentFormForm(forms.Form):
    """Title, notice, sites, and what is asked beside the address."""

    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("Members find it by this; people read the notice."))
    notice = forms.ChoiceField(label=_("Notice"), help_text=_("Its text is shown, and each of its purposes gets an empty box."))
    origins = forms.CharField(
        label=_("Sites that may show it in a frame"),
        required=False,
        help_text=_("One a line, as https://www.example.com, without a path. A link or a plain HTML form needs none."),
        widget=forms.Textarea(attrs={**CODE, "rows": 2, "class": "mono"}),
    )

    def __init__(self, workspace_id: int, data: QueryDict | None = None, *, terms: FormTerms | None = None) -> None:
        given = {"title": terms.title, "notice": terms.notice, "origins": "\n".join(terms.origins)} if terms else {}
        super().__init__(data, initial=given)
        self.posted = data or QueryDict()
        notices = list_published_notices(workspace_id)
        self.fields["notice"].choices = [(notice.key, notice.title) for notice in notices]  # type: ignore[attr-defined]
        self.terms_before = terms
        self.asked = _boxes(workspace_id, terms)
        self.faults: list[str] = []

    @property
    def rows(self) -> list[FormField]:
        """What is asked beside the address, with room for more."""
        kept = self._posted_rows() if self.is_bound else list(self.terms_before.fields) if self.terms_before else []
        return [*kept, *[FormField(attribute="", label="")] * min(SPARE, MOST_FIELDS - len(kept))]

    @property
    def labels(self) -> list[tuple[str, str, str, str]]:
        """For each box and language: the field's name, the purpose, the language and the words."""
        return [
            (name, purpose, language, self.data.get(name, words) if self.is_bound else words)
            for name, purpose, language, words in self.asked
        ]

    def terms(self) -> FormTerms:
        """What was entered."""
        said = self.cleaned_data
        labels: dict[str, dict[str, str]] = {}
        for name, _purpose, language, words in self.labels:
            if words.strip():
                labels.setdefault(name.split(":")[1], {})[language] = words.strip()
        same_notice = self.terms_before is not None and said["notice"] == self.terms_before.notice
        return FormTerms(
            title=said["title"],
            notice=said["notice"],
            fields=self._posted_rows(),
            labels=labels if same_notice else {},
            origins=[line.strip().rstrip("/") for line in said["origins"].splitlines() if line.strip()],
        )

    def refuse(self, error: FormInvalid) -> None:
        """Tell a fault at its field."""
        place, _colon, says = str(error).partition(": ")
        name = place.removeprefix("$.")
        if name in self.fields:
            self.add_error(name, says)
        else:
            self.faults.append(says or place)

    def _posted_rows(self) -> list[FormField]:
        columns: list[list[str]] = [self.posted.getlist(f"field_{name}") for name in ("attribute", "label", "required")]
        return [
            FormField(attribute=attribute.strip()[:64], label=label.strip()[:200], required=required == "yes")
            for attribute, label, required in zip(*columns, strict=False)
            if attribute.strip() or label.strip()
        ]


def _boxes(workspace_id: int, terms: FormTerms | None) -> list[tuple[str, str, str, str]]:
    """The fields for words beside boxes; of a new form there are none yet, for its notice is not chosen."""
    if terms is None:
        return []
    catalog = load_catalog(workspace_id)
    shown = {(key, said): text for (key, _version, said), text in catalog.notices.items()}
    found = []
    for (key, language), text in sorted(shown.items()):
        for purpose in text.purposes if key == terms.notice else ():
            rule = catalog.rule(purpose)
            words = terms.labels.get(purpose, {}).get(language, "")
            found.append((f"{LABEL}{purpose}:{language}", rule.name if rule else purpose, language, words))
    return found
