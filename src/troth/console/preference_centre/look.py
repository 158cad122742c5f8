"""How the pages for persons look."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.preference_centre.forms import LookForm
from troth.console.shell import render_page
from troth.workspaces.branding import BrandInvalid, read_brand, save_brand, save_logo
from troth.workspaces.roles import Permission

LINKS = ("accent", "privacy_url", "imprint_url")


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def look(request: MemberRequest) -> HttpResponseBase:
    """Choose colour, logo and links."""
    brand = read_brand(request.workspace.pk)
    if request.method != "POST":
        return _ask(request, LookForm(initial={name: getattr(brand, name) for name in LINKS}))
    form = LookForm(request.POST, request.FILES)
    if form.is_valid():
        logo = form.cleaned_data["logo"]
        try:
            with transaction.atomic():
                save_brand(request.workspace.pk, **{name: form.cleaned_data[name] for name in LINKS})
                if logo or form.cleaned_data["no_logo"]:
                    save_logo(request.workspace.pk, logo.read() if logo else None)
                record(request, "look.changed")
        except BrandInvalid as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. Forms, the preference page and receipts look like this within a minute."))
            return _back(request)
    return _ask(request, form, status=422)


def _ask(request: MemberRequest, form: LookForm, status: int = 200) -> HttpResponse:
    return render_page(request, "console/preference_centre/look.html", status=status, form=form)


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-preferences", request.workspace.pk)
    response.status_code = 303
    return response
