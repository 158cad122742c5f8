"""Correcting a person (Art. 16): attributes, contact addresses, tags. Through the one door, recorded as a request, and past values are not kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.people.subject import subject_of
from troth.console.shell import render_page
from troth.console.showing import put_plainly
from troth.intake.addressing import identity_of
from troth.intake.commands import EditTags, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.kernel.json_text import decode
from troth.people.lookup import load_person
from troth.people.models import Identifier
from troth.privacy.requests import rectify_person
from troth.workspaces.roles import Permission

TYPES = (
    ("text", later("text")),
    ("number", later("number")),
    ("boolean", later("true or false")),
    ("json", later("list or object (JSON)")),
    ("remove", later("remove this attribute")),
)
CONTACTS = (("email", later("e-mail")), ("phone", later("phone")))
SOURCE = "console"


class AttributeForm(forms.Form):
    """One attribute, with the type its value has."""

    name = forms.CharField(label=later("Attribute"), max_length=255)
    kind = forms.ChoiceField(label=later("Kept as"), choices=TYPES)
    value = forms.CharField(label=later("Value"), required=False, widget=forms.Textarea(attrs={"rows": 3}), strip=False)

    def clean(self) -> dict[str, Any]:
        """The value as it will be kept, under `kept`."""
        cleaned = super().clean() or {}
        kind, text = cleaned.get("kind"), cleaned.get("value", "")
        try:
            cleaned["kept"] = _value_of(str(kind), text)
        except ValueError:
            self.add_error("value", _("This cannot be read as %(kind)s.") % {"kind": dict(TYPES).get(str(kind), "")})
        return cleaned


def _value_of(kind: str, text: str) -> Any:
    if kind == "remove":
        return None
    if kind == "number":
        return int(text) if text.strip().lstrip("-").isdigit() else float(text)
    if kind == "boolean":
        return {"true": True, "false": False, "yes": True, "no": False}[text.strip().lower()] if text.strip() else False
    return _json(text) if kind == "json" else text


def _json(text: str) -> Any:
    try:
        return decode(text)
    except Exception as error:
        raise ValueError from error


class ContactForm(forms.Form):
    """A new address or number in place of the old, or none any more."""

    kind = forms.ChoiceField(label=later("Which"), choices=CONTACTS)
    value = forms.CharField(label=later("New value"), required=False, max_length=320, help_text=later("Empty: what is held is removed."))


class TagsForm(forms.Form):
    """All tags, separated by commas."""

    tags = forms.CharField(label=later("Tags"), required=False, max_length=2_000, help_text=later("Separated by commas."))


@member_page(Permission.EDIT_PEOPLE, audit="person.read", methods=("GET", "POST"))
def attribute(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Correct, add or remove one attribute."""
    subject = subject_of(request, person_id)
    if request.method == "POST":
        form = AttributeForm(request.POST)
        if form.is_valid():
            name = form.cleaned_data["name"].strip()
            problem = _rectify(request, person_id, {"attribute": name}, attributes={name: form.cleaned_data["kept"]})
            if not problem:
                messages.success(request, _("“%(name)s” is corrected. The correction is recorded as a request.") % {"name": name})
                return redirect("console-person", request.workspace.pk, person_id)
            form.add_error("value", problem)
        return render_page(request, "console/people/attribute.html", form=form, person_id=person_id, status=422)
    name = request.GET.get("name", "")
    held = load_person(subject).attributes
    form = AttributeForm(initial={"name": name, **_as_typed(held[name])} if name in held else {"name": name, "kind": "text"})
    return render_page(request, "console/people/attribute.html", form=form, person_id=person_id)


def _as_typed(value: Any) -> dict[str, str]:
    if isinstance(value, bool):
        return {"kind": "boolean", "value": "true" if value else "false"}
    if isinstance(value, int | float):
        return {"kind": "number", "value": str(value)}
    if isinstance(value, str):
        return {"kind": "text", "value": value}
    return {"kind": "json", "value": put_plainly(value)}


@member_page(Permission.EDIT_PEOPLE, audit="person.read", methods=("GET", "POST"))
def contact(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Correct or remove an e-mail address or a phone number."""
    subject = subject_of(request, person_id)
    if request.method == "POST":
        form = ContactForm(request.POST)
        if form.is_valid():
            kind, value = form.cleaned_data["kind"], form.cleaned_data["value"].strip()
            change = {kind: value} if value else {"remove_identifiers": _held_identity(subject, kind)}
            problem = _rectify(request, person_id, {"identifier": kind}, attributes={}, **change)
            if not problem:
                messages.success(request, _("The contact data is corrected. The correction is recorded as a request."))
                return redirect("console-person", request.workspace.pk, person_id)
            form.add_error("value", problem)
        return render_page(request, "console/people/contact.html", form=form, person_id=person_id, status=422)
    kind = request.GET.get("kind", "email")
    form = ContactForm(initial={"kind": kind, "value": request.GET.get("value", "") and _held(subject, kind)})
    return render_page(request, "console/people/contact.html", form=form, person_id=person_id)


def _held(subject: Any, kind: str) -> str:
    row = Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id, kind=kind).first()
    return row.value if row else ""


def _held_identity(subject: Any, kind: str) -> Identity | None:
    value = _held(subject, kind)
    if not value:
        return None
    return Identity(email=value) if kind == "email" else Identity(phone=value)


def _rectify(request: MemberRequest, person_id: int, detail: dict[str, str], **change: Any) -> str:
    """Carry a correction out and write it down; what was wrong, or nothing."""
    try:
        with transaction.atomic():
            rectify_person(subject_of(request, person_id), source=SOURCE, now=now_ms(), **change)
            record(request, "person.rectified", person_id=person_id, detail=detail)
    except TrothError as error:
        return str(error)
    return ""


@member_page(Permission.EDIT_PEOPLE, audit="person.read", methods=("GET", "POST"))
def tags(request: MemberRequest, person_id: int) -> HttpResponse | HttpResponseBase:
    """Edit the tags of a person."""
    subject = subject_of(request, person_id)
    held: list[str] = load_person(subject).tags
    form = TagsForm(request.POST or None, initial={"tags": ", ".join(held)})
    if request.method == "POST" and form.is_valid():
        wanted = list(dict.fromkeys(tag for part in form.cleaned_data["tags"].split(",") if (tag := part.strip())))
        now = now_ms()
        command = EditTags(
            workspace_id=subject.workspace_id,
            source=SOURCE,
            received_at=now,
            identity=identity_of(subject),
            add=tuple(tag for tag in wanted if tag not in held),
            remove=tuple(tag for tag in held if tag not in wanted),
        )
        with transaction.atomic():
            apply([command], now=now)
            record(request, "person.rectified", person_id=person_id, detail={"tags": len(wanted)})
        messages.success(request, _("The tags are saved."))
        return redirect("console-person", request.workspace.pk, person_id)
    return render_page(request, "console/people/tags.html", form=form, person_id=person_id)
