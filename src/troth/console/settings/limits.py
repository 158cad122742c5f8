"""Limits of all marketing: quiet hours, caps, and the clock of people whose own is not known."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.campaigns.why_words import tell_caps
from troth.console.access import MemberRequest, member_page, record
from troth.console.shell import render_page
from troth.console.spans import SpanField
from troth.kernel.errors import TrothError
from troth.messages.limit_settings import Limits, load_limits, read_limits, save_limits
from troth.workspaces.roles import Permission

SCOPES = (
    ("workspace", later("all marketing together")),
    ("channel", later("each channel")),
    ("topic", later("each topic")),
    ("campaign", later("each campaign or newsletter")),
)
TIME = {"type": "time"}


class LimitsForm(forms.Form):
    """Zone and quiet hours."""

    zone = forms.CharField(
        label=later("Time zone"),
        max_length=64,
        help_text=later("The clock of everybody without an attribute “timezone”: a name such as Europe/Berlin."),
    )
    since = forms.CharField(label=later("Quiet from"), required=False, max_length=5, widget=forms.TextInput(attrs=TIME))
    until = forms.CharField(label=later("Quiet until"), required=False, max_length=5, widget=forms.TextInput(attrs=TIME))


class CapForm(forms.Form):
    """One cap; empty: none."""

    messages = forms.IntegerField(label=later("At most so many to one person"), required=False, min_value=1, max_value=1_000)
    per = SpanField(label=later("… in"))
    scope = forms.ChoiceField(label=later("… of"), choices=SCOPES, required=False)


CapForms = forms.formset_factory(CapForm, extra=1, max_num=20)


@member_page(Permission.SEE_SETTINGS, methods=("GET", "POST"))
def limits(request: MemberRequest) -> HttpResponseBase:
    """Who edits the workspace sets them; they count at once, for what is queued as well."""
    kept = load_limits(request.workspace.pk)
    may_edit = Permission.EDIT_WORKSPACE in request.may
    posted = request.POST if request.method == "POST" and may_edit else None
    form = LimitsForm(posted, initial=_initial(kept))
    caps = CapForms(posted, prefix="cap", initial=[{"messages": cap.messages, "per": cap.per, "scope": cap.scope} for cap in kept.caps])
    if posted is not None and form.is_valid() and caps.is_valid():
        try:
            read = read_limits(_written(form.cleaned_data, [one.cleaned_data for one in caps]))
        except TrothError as error:
            form.add_error(None, str(error))
        else:
            with transaction.atomic():
                save_limits(request.workspace.pk, read)
                record(request, "limits.edited")
            messages.success(request, _("Saved. What is queued keeps to it as well."))
            response = redirect("console-limits", request.workspace.pk)
            response.status_code = 303
            return response
    status = 403 if request.method == "POST" and not may_edit else 200
    told = tell_caps(kept.caps) if kept.caps else _("There are no caps.")
    return render_page(request, "console/settings/limits.html", status=status, form=form, caps=caps, kept=kept, told=told)


def _initial(kept: Limits) -> dict[str, Any]:
    quiet = kept.quiet_hours
    return {"zone": kept.zone, "since": quiet.since if quiet else "", "until": quiet.until if quiet else ""}


def _written(cleaned: dict[str, Any], caps: list[dict[str, Any]]) -> dict[str, Any]:
    quiet = {"from": cleaned["since"], "until": cleaned["until"]} if cleaned["since"] or cleaned["until"] else None
    kept = [
        {"messages": cap["messages"], "per": cap["per"], "scope": cap["scope"] or "workspace"}
        for cap in caps
        if cap and cap.get("messages")
    ]
    return {"zone": cleaned["zone"].strip(), "quiet_hours": quiet, "caps": kept}
