"""Publishing a notice, giving up a language, and what is declared of how the workspace asks: each says beforehand what will happen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.catalog import load_catalog
from troth.consent.declaring import DeclarationInvalid, declare_source, read_setting, state_imbalance, withdraw_source
from troth.consent.models import LegalBasis
from troth.consent.notices import NoticeUnknown, drop_draft, find_faults, list_notice_versions, publish_notice
from troth.console.access import MemberRequest, member_page, record
from troth.console.notices.forms import SourceForm
from troth.console.notices.reading import find_differences, foresee_endings, get_notice, latest_of, list_published, name_purposes
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def publish(request: MemberRequest, notice_key: str) -> HttpResponseBase:
    """The drafts become the next version, which nobody can change."""
    own = get_notice(request.workspace.pk, notice_key)
    faults = find_faults(own)
    if request.method == "POST" and not faults:
        material = bool(request.POST.get("material")) and own.version > 0
        if request.POST.get("after", str(own.version)) != str(own.version):
            messages.warning(request, _("Somebody published this notice meanwhile: look at it once more."))
            return _go("console-notice", own.workspace_id, own.key)
        try:
            with transaction.atomic():
                number = publish_notice(own.workspace_id, own.key, material=material, now=now_ms())
                record(request, "notice.published", detail={"notice": own.key, "version": number, "material": material})
        except TrothError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("Published as version %(number)d. Its texts and their hashes are on this page.") % {"number": number}
            )
        return _go("console-notice", own.workspace_id, own.key)
    latest = latest_of(list_notice_versions(own.workspace_id, own.key), own.version)
    return render_page(
        request,
        "console/notices/publish.html",
        notice=own,
        number=own.version + 1,
        languages=sorted(own.drafts),
        differs=find_differences(own, latest),
        gone=sorted(latest.keys() - own.drafts.keys()),
        purposes=name_purposes(own.workspace_id, own.purposes),
        told=[(language, told) for language, told in sorted(faults.items())],
        endings=foresee_endings(own, now_ms()) if own.version and not faults else [],
    )


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def drop(request: MemberRequest, notice_key: str) -> HttpResponseBase:
    """Give up the draft in `?language=`: the next version comes without it."""
    own = get_notice(request.workspace.pk, notice_key)
    language = (request.POST if request.method == "POST" else request.GET).get("language", "")
    if request.method != "POST":
        return render_page(request, "console/notices/drop.html", notice=own, language=language, is_there=language in own.drafts)
    if language not in own.drafts:
        raise Http404
    with transaction.atomic():
        drop_draft(own.workspace_id, own.key, language)
        record(request, "notice.edited", detail={"notice": own.key, "dropped": language})
    messages.success(request, _("The draft is gone. What was published in this language stays."))
    return _go("console-notice", own.workspace_id, own.key)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def declare(request: MemberRequest) -> HttpResponseBase:
    """The company's own preference page becomes a source of decisions (Art. 28(3)(a))."""
    workspace_id = request.workspace.pk
    choices = list_published(workspace_id)
    setting = read_setting(workspace_id)
    given = {
        "shown": f"{setting.source_notice}/{setting.source_version}/{setting.source_language}",
        "url": setting.source_url,
        "instruction": setting.instruction,
    }
    if request.method != "POST":
        return _ask_source(request, SourceForm(choices, initial=given))
    form = SourceForm(choices, request.POST)
    if form.is_valid():
        notice, version, language = form.place()
        told = {"url": form.cleaned_data["url"], "instruction": form.cleaned_data["instruction"]}
        try:
            with transaction.atomic():
                declare_source(workspace_id, notice, version, language, **told, now=now_ms())
                record(request, "consent_source.declared", detail={"notice": notice, "version": version, "language": language, **told})
        except (DeclarationInvalid, NoticeUnknown) as error:
            place, _colon, words = str(error).partition(": ")
            form.add_error(place.removeprefix("$.") if place.startswith("$.") else None, words if place.startswith("$.") else str(error))
        else:
            messages.success(
                request, _("Declared: a decision without evidence counts as made on this page from now on. The audit log has your words.")
            )
            return _go("console-notices", workspace_id)
    return _ask_source(request, form, status=422)


def _ask_source(request: MemberRequest, form: SourceForm, **more: Any) -> HttpResponse:
    return render_page(request, "console/notices/source.html", form=form, **more)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def withdraw(request: MemberRequest) -> HttpResponseBase:
    """A decision without evidence permits nothing again."""
    workspace_id = request.workspace.pk
    setting = read_setting(workspace_id)
    if request.method != "POST":
        return render_page(request, "console/notices/withdraw_source.html", setting=setting)
    with transaction.atomic():
        withdraw_source(workspace_id)
        record(request, "consent_source.withdrawn", detail={"notice": setting.source_notice, "url": setting.source_url})
    messages.success(request, _("Withdrawn: a decision without evidence permits nothing from now on. What was recorded stays."))
    return _go("console-notices", workspace_id)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def imbalance(request: MemberRequest) -> HttpResponseBase:
    """Whether people depend on the controller, so that they cannot agree freely (rec. 43)."""
    workspace_id = request.workspace.pk
    stated = not read_setting(workspace_id).imbalance
    if request.method != "POST":
        resting = [rule.name for rule in load_catalog(workspace_id).purposes.values() if rule.basis == LegalBasis.CONSENT]
        return render_page(request, "console/notices/imbalance.html", stated=stated, resting=resting)
    stated = request.POST.get("imbalance") == "yes"
    with transaction.atomic():
        state_imbalance(workspace_id, stated)
        record(request, "imbalance.stated", detail={"imbalance": stated})
    messages.success(request, _("Stated: no consent counts here.") if stated else _("Stated: people can agree freely here."))
    return _go("console-notices", workspace_id)


def _go(name: str, *where: Any) -> HttpResponse:
    response = redirect(reverse(name, args=where))
    response.status_code = 303
    return response
