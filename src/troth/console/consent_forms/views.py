"""The list of forms, and one form with the ways to show it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.form_words import words_in
from troth.consent.forms import FormUnknown, find_form_of, languages_of
from troth.consent.models import ConsentForm
from troth.console.access import MemberRequest, member_page
from troth.console.consent_forms.reading import describe_forms, name_notice
from troth.console.consent_forms.snippets import write_link, write_plain_form, write_script_tag
from troth.console.shell import render_page
from troth.messages.direct import can_send
from troth.workspaces.roles import Permission


def get_form(workspace_id: int, form_id: str) -> ConsentForm:
    """A form of the workspace. Raises Http404."""
    try:
        return find_form_of(workspace_id, form_id)
    except FormUnknown:
        raise Http404 from None


@member_page(Permission.SEE_NOTICES)
def consent_forms(request: MemberRequest) -> HttpResponse:
    """All forms, the newest first."""
    rows, has_notices = describe_forms(request.workspace.pk)
    return render_page(request, "console/consent_forms/consent_forms.html", rows=rows, has_notices=has_notices)


@member_page(Permission.SEE_NOTICES)
def consent_form(request: MemberRequest, form_id: str) -> HttpResponse:
    """One form in `?language=`: as people see it, and what to put into a page of one's own."""
    own = get_form(request.workspace.pk, form_id)
    languages = languages_of(own)
    spoken = [language for language in languages if words_in(language)]
    asked = request.GET.get("language", "")
    language = asked if asked in spoken else spoken[0] if spoken else ""
    return render_page(
        request,
        "console/consent_forms/consent_form.html",
        form=own,
        crumbs=[(_("Forms"), reverse("console-forms", args=[own.workspace_id]))],
        notice=name_notice(own.workspace_id, own.notice),
        tabs=[(name, f"?language={name}", name == language) for name in spoken],
        language=language,
        unspoken=[name for name in languages if name not in spoken],
        preview=f"{reverse('form', args=[own.form_id])}?lang={language}&preview=1",
        is_off=not can_send(request.workspace),
        link=write_link(own),
        script=write_script_tag(own),
        plain=write_plain_form(own, language) if language else "",
    )
