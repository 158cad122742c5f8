"""The workspace itself."""

from __future__ import annotations

from typing import Any, ClassVar

from babel import Locale
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.shell import render_page
from troth.privacy.legal_clock import Seat, SeatUnknown, check_seat, list_regions
from troth.workspaces.audit import AUDIT_DAYS
from troth.workspaces.models import Workspace
from troth.workspaces.roles import Permission, roles_with


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What an owner may change about a workspace."""

    class Meta:
        model = Workspace
        fields: ClassVar[list[str]] = [
            *("name", "match_on_email", "public_key_deletes", "audit_days"),
            *(
                "seat_country",
                "seat_region",
                "seat_zone",
                "privacy_contact",
                "language",
                "processes_for",
                "controller_contact",
                "controller_language",
            ),
            "is_transparent",
            "glass_roles",
        ]
        labels: ClassVar[dict[str, Any]] = {
            "name": later("Name"),
            "match_on_email": later("Two identities with one e-mail address are one person"),
            "public_key_deletes": later("Keys that browsers can see may erase at once"),
            "audit_days": later("Days for which the audit log is kept"),
            "seat_country": later("Country of your seat"),
            "seat_region": later("Region of your seat"),
            "seat_zone": later("Time zone of your seat"),
            "privacy_contact": later("Who is told of terms"),
            "language": later("Language of mail to members"),
            "processes_for": later("The controller for whom you process"),
            "controller_contact": later("The controller’s e-mail address"),
            "controller_language": later("The controller’s language"),
            "is_transparent": later("Everybody may read how you handle data"),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "name": later("Members see it in every page's head; persons do not."),
            "match_on_email": later(
                "Off: only your own id tells persons apart, and an address can be shared. It holds for what arrives from now on."
            ),
            "public_key_deletes": later(
                "Off: a deletion asked for with such a key waits until a member confirms it, for anybody can read the key."
            ),
            "audit_days": later("Who looked at whose data, from 30 days to ten years."),
            "seat_country": later(
                "Its public holidays move the end of the term in which persons are answered. It holds for requests from now on."
            ),
            "seat_region": later("Where public holidays differ, for example BY for Bavaria."),
            "seat_zone": later("An IANA name such as Europe/Berlin: days begin and end there. Empty: UTC."),
            "language": later(
                "For members who chose none, and for whoever is told of terms: mail about requests, breaches and processors."
            ),
            "processes_for": later(
                "Empty: you are the controller. Else name it: it decides requests, and nobody here can refuse or extend one; what it asks over OpenDSR is carried out by itself."
            ),
            "controller_contact": later(
                "What persons ask of you is passed on to it by mail, at once; without it members are told to do so within 48 hours (Art. 28)."
            ),
            "controller_language": later("In which it is written to, by mail."),
            "is_transparent": later(
                "A page at /transparency/ with your purposes, notices and the number of requests; nothing on it is about anybody."
            ),
            "privacy_contact": later("Gets a mail before a term ends. Empty: owners and privacy officers do."),
        }
        error_messages: ClassVar[dict[str, Any]] = {"name": {"unique": later("Another workspace has this name: choose another.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        least, most = AUDIT_DAYS
        self.fields["audit_days"].validators += [MinValueValidator(least), MaxValueValidator(most)]
        self.fields["audit_days"].widget.attrs.update(min=least, max=most)
        self.fields["glass_roles"] = forms.MultipleChoiceField(
            choices=[(role.value, role.label) for role in roles_with(Permission.SEE_PEOPLE)],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            label=later("Roles that must say why before they see persons"),
            help_text=later(
                "They see pseudonyms, and everything for fifteen minutes once they said why; the audit log keeps it, and privacy officers are told."
            ),
        )
        spoken = [("", _("English")), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
        for name, choices in (("language", spoken), ("controller_language", spoken), ("seat_country", _list_countries)):
            asked = self.fields[name]
            self.fields[name] = forms.ChoiceField(choices=choices, required=False, label=asked.label, help_text=asked.help_text)

    def clean(self) -> dict[str, Any]:
        """A seat whose holidays and days are known."""
        said = super().clean() or self.cleaned_data
        said["seat_region"] = said.get("seat_region", "").strip().upper()
        try:
            check_seat(Seat(said.get("seat_country", ""), said["seat_region"], said.get("seat_zone", "") or "UTC"))
        except SeatUnknown as error:
            raise ValidationError(str(error)) from None
        return said


def _list_countries() -> list[tuple[str, Any]]:
    """The countries whose public holidays are known, by their names."""
    names = Locale.parse(get_language() or "en", sep="-").territories
    known = sorted(((code, str(names.get(code, code))) for code in list_regions()), key=lambda one: one[1])
    return [("", later("none: only weekends count")), *known]


@member_page(Permission.SEE_SETTINGS, methods=("GET", "POST"))
def workspace(request: MemberRequest) -> HttpResponseBase:
    """Its name and its rules; an owner may change them."""
    own = Workspace.objects.get(pk=request.workspace.pk)
    may_edit = Permission.EDIT_WORKSPACE in request.may
    form = WorkspaceForm(request.POST if request.method == "POST" and may_edit else None, instance=own)
    if request.method == "POST" and may_edit and form.is_valid():
        with transaction.atomic():
            form.save()
            record(request, "workspace.edited", detail={"fields": sorted(form.changed_data)})
        messages.success(request, _("Saved. The audit log says who changed what."))
        return _back(request)
    status = 403 if request.method == "POST" and not may_edit else 200
    return render_page(request, "console/settings/workspace.html", status=status, form=form)


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-settings", request.workspace.pk)
    response.status_code = 303
    return response
