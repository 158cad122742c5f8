"""Recording a consent that a person gave on paper, by word of mouth or in a letter: only with what they signed, wrote or said (C11)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.consent.catalog import Catalog, load_catalog
from troth.consent.claims import in_words, judge, texts_of
from troth.consent.decisions import NO_DECISION, load_decisions
from troth.consent.models import LegalBasis
from troth.console.access import MemberRequest, member_page, record
from troth.console.naming import names_of
from troth.console.people.subject import subject_of
from troth.console.shell import preferences, render_page
from troth.intake.addressing import identity_of
from troth.intake.commands import ACCEPTED, Decide, Decision
from troth.intake.door import apply
from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Subject
from troth.workspaces.roles import Permission

SOURCE = "console"
LONGEST = 500
LONGEST_TEXT = 20_000
NEEDS_ARTEFACT = later(
    "Say where what the person signed, wrote or said is kept: without it the consent cannot be proven (rule C11, Art. 7(1))."
)


class ConsentForm(forms.Form):
    """What was agreed to, with which words, and what is there to prove it."""

    purpose = forms.ChoiceField(label=later("Purpose"))
    shown = forms.ChoiceField(
        label=later("What the person read or heard"),
        required=False,
        help_text=later("The notice in the version and language of the form or script; else its words below."),
    )
    words = forms.CharField(
        label=later("Its words, where no published notice has them"),
        max_length=LONGEST_TEXT,
        required=False,
        help_text=later("Word for word, e.g. of a form from before Troth. They are kept with this consent."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    control_kind = forms.ChoiceField(
        label=later("How they agreed"),
        choices=[
            ("signature", later("signed a form")),
            ("document", later("wrote a letter or mail")),
            ("spoken", later("said so, and it was recorded")),
        ],
    )
    artefact = forms.CharField(
        label=later("Where the proof is kept"),
        max_length=LONGEST,
        help_text=later("The signed form, the letter or the recording: its number or place."),
        error_messages={"required": NEEDS_ARTEFACT},
    )
    decided_at = forms.DateTimeField(
        label=later("When they decided"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    note = forms.CharField(label=later("Note"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    explicit = forms.BooleanField(label=later("They agreed in words that name the special category of data (Art. 9(2)(a))"), required=False)

    def __init__(self, catalog: Catalog, zone: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        rules = [rule for rule in catalog.purposes.values() if rule.basis == LegalBasis.CONSENT]
        self.fields["purpose"].choices = [(rule.key, rule.name) for rule in rules]  # type: ignore[attr-defined]
        published = sorted(catalog.notices, key=lambda one: (one[0], -int(one[1]), one[2]))
        self.fields["shown"].choices = [  # type: ignore[attr-defined]
            *((f"{key}/{version}/{language}", f"{key} · {version} · {language}") for key, version, language in published),
            ("", _("another text")),
        ]
        self.initial.setdefault("shown", self.fields["shown"].choices[0][0])  # type: ignore[attr-defined]
        if not any(rule.special_category for rule in rules):
            del self.fields["explicit"]

    def clean(self) -> None:
        """A consent to words that nobody knows proves nothing."""
        if not self.cleaned_data.get("shown") and not self.cleaned_data.get("words"):
            self.add_error(
                "words", _("Say what the person read or heard: without its words the consent cannot be proven (rule C04, Art. 7(1)).")
            )

    def clean_words(self) -> str:
        """As texts are hashed: lines end with a line feed, however the browser ends them."""
        return str(self.cleaned_data["words"]).replace("\r\n", "\n")

    def clean_decided_at(self) -> str:
        """As RFC 3339; what is entered is meant in the member's zone."""
        entered: datetime = self.cleaned_data["decided_at"]
        return iso(int(entered.replace(tzinfo=self.zone).timestamp()) * 1_000)

    def evidence(self, role: str) -> dict[str, Any]:
        """What proves it."""
        told = self.cleaned_data
        key, version, language = told["shown"].split("/") if told["shown"] else ("", "", "")
        found = {
            "notice_key": key,
            "notice_version": version,
            "language": language,
            "notice": told["words"],
            "control_kind": told["control_kind"],
            "artefact": told["artefact"],
            "note": told["note"],
            "decided_at": told["decided_at"],
            "given_by": "subject",
            "recorded_by": role,
            "explicit": told.get("explicit", False) or None,
        }
        return {name: value for name, value in found.items() if value}


@member_page(Permission.EDIT_PEOPLE, audit="person.read", methods=("GET", "POST"))
def consent(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """A consent that the person gave elsewhere. What lacks its proof, or shows a fault, is refused here with the rule, and not recorded."""
    subject, now = subject_of(request, person_id), now_ms()
    catalog, zone = load_catalog(request.workspace.pk), preferences(request)["zone"]
    if request.method != "POST":
        return _ask(request, subject, ConsentForm(catalog, zone, initial={"purpose": request.GET.get("purpose", "")}))
    form = ConsentForm(catalog, zone, request.POST)
    if not form.is_valid():
        return _ask(request, subject, form, status=422)
    purpose, evidence = form.cleaned_data["purpose"], form.evidence(request.member.role)
    stood = load_decisions([person_id]).get(person_id, {}).get(purpose, NO_DECISION)
    judgement = judge(
        catalog,
        catalog.require(purpose),
        evidence,
        texts=texts_of(subject.workspace_id),
        source=SOURCE,
        at=now,
        now=now,
        standing=stood.standing,
        decided_at=stood.decided_at,
    )
    if judgement.findings:
        form.add_error(None, in_words(judgement.findings))
        return _ask(request, subject, form, status=422)
    command = Decide(
        workspace_id=subject.workspace_id,
        source=SOURCE,
        received_at=now,
        identity=identity_of(subject),
        decision=Decision.GRANT,
        purpose=purpose,
        method="console",
        evidence=evidence,
    )
    with transaction.atomic():
        outcome = apply([command], now=now)[0]
        if outcome.status == ACCEPTED:
            record(request, "consent.recorded", person_id=person_id, detail={"purpose": purpose, "notice": form.cleaned_data["shown"]})
    if outcome.status != ACCEPTED:
        form.add_error(None, in_words(outcome.findings) or _("It was not accepted: the person changed meanwhile. Try again."))
        return _ask(request, subject, form, status=409)
    messages.success(request, _("The consent is recorded with its proof. It stands in the history below."))
    response = redirect(reverse("console-person", args=[request.workspace.pk, person_id]))
    response.status_code = 303
    return response


def _ask(request: MemberRequest, subject: Subject, form: ConsentForm, status: int = 200) -> HttpResponse:
    return render_page(
        request,
        "console/people/consent.html",
        status=status,
        form=form,
        person_id=subject.person_id,
        name=names_of(subject.workspace_id, [subject.person_id]).get(subject.person_id, ""),
    )
