"""Writing a newsletter. Variants are added and removed by pressing a button, which keeps all that stands in the form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.campaigns.models import Newsletter
from troth.campaigns.newsletters.editing import create_newsletter, edit_newsletter
from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.inserting import list_variables
from troth.console.newsletters.forms import MOST_VARIANTS, NewsletterForm, VariantForm, initial_of, letters, posted_keys
from troth.console.newsletters.previewing import send_test
from troth.console.newsletters.reading import find_newsletter
from troth.console.shell import preferences, render_fragment, render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.workspaces.roles import Permission

BLANK_MAIL = {
    "share": 1,
    "subject": "News for {{ person.first_name | default: 'you' }}",
    "html": (
        "<h1>Hello {{ person.first_name | default: 'there' }}</h1>\n<p>Write here what you have to say.</p>\n"
        '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>\n'
    ),
}
BLANK = {
    "purpose": "marketing_email",
    "audience": "frozen",
    "kind": "now",
    "hold_minutes": 5,
    "expires_hours": 24,
    "holdout": 0,
    "test_metric": "clicked",
    "test_hours": 4,
    "test_decide": "significance",
    "goal_days": 7,
}


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A draft that is not saved yet; `?segment=` chooses whom it is for."""
    workspace_id = request.workspace.pk
    if request.method == "POST":
        return _answer(request, None)
    form = NewsletterForm(
        workspace_id, initial={**BLANK, "zone": preferences(request)["zone"], "segment_id": request.GET.get("segment", "")}
    )
    return _show(request, form, [VariantForm(workspace_id, prefix="A", initial={**BLANK_MAIL, "key": "A"})], None)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def edit(request: MemberRequest, newsletter_id: int) -> HttpResponseBase:
    """The draft."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    if request.method == "POST":
        return _answer(request, own)
    mails = [VariantForm(own.workspace_id, prefix=one["key"], initial=one) for one in own.variants]
    return _show(request, NewsletterForm(own.workspace_id, initial={**BLANK, **initial_of(own, preferences(request)["zone"])}), mails, own)


def _answer(request: MemberRequest, own: Newsletter | None) -> HttpResponseBase:
    """Save; or one variant more or less, or try by mail what stands in the form, without saving it."""
    workspace_id = request.workspace.pk
    form = NewsletterForm(workspace_id, request.POST)
    keys = posted_keys(request.POST)
    act, _colon, which = request.POST.get("do", "save").partition(":")
    if act == "remove" and len(keys) > 1:
        keys = [key for key in keys if key != which]
    mails = [VariantForm(workspace_id, request.POST, prefix=key) for key in keys]
    if act in ("add", "remove"):
        return _show_unjudged(request, keys, own, adds=act == "add" and len(keys) < MOST_VARIANTS)
    if act == "test":
        tone, says = send_test(request, own.pk if own else 0)
        if request.htmx:
            return render_fragment(request, "console/campaigns/said.html", tone=tone, says=says)
        return _show(request, form, mails, own, tone=tone, says=says)
    if not all([form.is_valid(), *(mail.is_valid() for mail in mails)]):
        return _show(request, form, mails, own)
    fields = form.fields_of([mail.cleaned_data for mail in mails])
    try:
        with transaction.atomic():
            said = {"now": now_ms(), "author": request.member.user_id}
            saved = edit_newsletter(own, fields, **said) if own else create_newsletter(workspace_id, fields, **said)
            record(request, "newsletter.edited" if own else "newsletter.created", detail={"newsletter": saved.pk, "name": saved.name})
    except TrothError as error:
        form.add_error(None, str(error).removeprefix("$."))
        return _show(request, form, mails, own)
    messages.success(request, _("Saved. Nothing is sent before it is started."))
    return go("console-newsletter", saved.workspace_id, saved.pk)


def _show_unjudged(request: MemberRequest, keys: list[str], own: Newsletter | None, *, adds: bool) -> HttpResponse:
    """What stands in the form, with one variant more or less; what is still to be filled in is no fault yet."""
    workspace_id, posted = request.workspace.pk, request.POST.dict()
    mails = [
        VariantForm(workspace_id, prefix=key, initial={name.removeprefix(f"{key}-"): value for name, value in posted.items()})
        for key in keys
    ]
    if adds:
        key = letters(set(keys))
        mails.append(VariantForm(workspace_id, prefix=key, initial={**BLANK_MAIL, "key": key}))
    return _show(request, NewsletterForm(workspace_id, initial=posted), mails, own)


def _show(request: MemberRequest, form: NewsletterForm, mails: list[VariantForm], own: Newsletter | None, **said: Any) -> HttpResponse:
    return render_page(
        request,
        "console/newsletters/edit.html",
        form=form,
        mails=mails,
        newsletter=own,
        may_add=len(mails) < MOST_VARIANTS,
        shown=request.POST.get("shown", ""),
        trial={name: request.POST.get(name, "") for name in ("person", "made_up")},
        variables=list_variables(request, None),
        **said,
    )
