"""Writing a template beside its preview, one language at a time, and sending a test of what stands in the form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.content.forms import PieceForm, initial_of
from troth.console.content.previewing import send_test
from troth.console.content.reading import get_piece, moment_of
from troth.console.inserting import list_variables
from troth.console.shell import render_fragment, render_page
from troth.content.languages import normalise_language
from troth.content.library import create_piece, has_changes, languages_in, update_piece
from troth.content.models import Format, Kind, Piece
from troth.kernel.errors import TrothError
from troth.workspaces.roles import Permission

SUBJECT = "Hello {{ person.first_name | default: 'there' }}"
BODIES = {
    Kind.EMAIL: "<h1>Hello {{ person.first_name | default: 'there' }}</h1>\n<p>Write here what you have to say.</p>\n"
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>\n',
    Kind.SHORT: "Hello {{ person.first_name | default: 'there' }}",
    Kind.LAYOUT: "<html>\n<head><style>\nbody { font-family: sans-serif }\n</style></head>\n<body>\n{{ content }}\n</body>\n</html>\n",
    Kind.SNIPPET: "",
}


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A draft that is not saved yet; `?kind=`."""
    asked = request.POST.get("kind") or request.GET.get("kind", Kind.EMAIL.value)
    if asked not in Kind.values:
        raise Http404
    kind = Kind(asked)
    if request.method != "POST":
        blank = {"part_subject": SUBJECT, "part_body": BODIES[kind], "format": Format.HTML}
        return _show(request, PieceForm(request.workspace.pk, kind, None, initial=blank), None, "")
    form = PieceForm(request.workspace.pk, kind, None, request.POST)
    return _answer(request, form, None, normalise_language(request.POST.get("first_language", "")))


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def edit(request: MemberRequest, template_key: str) -> HttpResponseBase:
    """The draft in one language; `?language=`, also one that there is no translation in yet."""
    own = get_piece(request.workspace.pk, template_key)
    asked = request.POST.get("language") or request.GET.get("language", "")
    language = normalise_language(asked) or own.language
    if request.method != "POST":
        return _show(
            request,
            PieceForm(own.workspace_id, own.kind, own, initial=initial_of(own, language), is_first=language == own.language),
            own,
            language,
        )
    return _answer(request, PieceForm(own.workspace_id, own.kind, own, request.POST, is_first=language == own.language), own, language)


def _answer(request: MemberRequest, form: PieceForm, own: Piece | None, language: str) -> HttpResponseBase:
    """Save, save on the way to publishing, or try by mail what stands in the form without saving it."""
    if request.POST.get("do") == "test":
        tone, says = send_test(request, own)
        if request.htmx:
            return render_fragment(request, "console/campaigns/said.html", tone=tone, says=says)
        return _show(request, form, own, language, tone=tone, says=says)
    if own is not None and request.POST.get("seen", "") not in ("", str(moment_of(own.updated_at))):
        form.add_error(None, _("Somebody else saved this template meanwhile. Copy what you wrote, open it anew, and join both."))
    if not form.is_valid():
        return _show(request, form, own, language)
    try:
        with transaction.atomic():
            saved = _save(request, form, own, language)
            record(request, "template.edited" if own else "template.created", detail={"template": saved.key, "language": language})
    except TrothError as error:
        form.add_error(None, str(error))
        return _show(request, form, own, language)
    messages.success(request, _("Saved. What was published stays as it is.") if saved.version else _("Saved."))
    goes_on = request.POST.get("do") == "publish" and has_changes(saved)
    return go("console-template-publish" if goes_on else "console-template", saved.workspace_id, saved.key)


def _save(request: MemberRequest, form: PieceForm, own: Piece | None, language: str) -> Piece:
    sources, settings = form.sources(), form.settings()
    if own is None:
        settings["name"] = settings["name"] or form.cleaned_data["key"]
        key = form.cleaned_data["key"]
        return create_piece(request.workspace.pk, kind=form.kind.value, key=key, language=language, parts={language: sources}, **settings)
    settings["name"] = settings["name"] or own.name
    kept = {name: parts for name, parts in own.parts.items() if name != language}
    if language == own.language or any(source.strip() for source in sources.values()):
        kept[language] = sources
    return update_piece(own, parts=kept, **settings)


def _show(request: MemberRequest, form: PieceForm, own: Piece | None, language: str, **said: Any) -> HttpResponse:
    languages = languages_in(own) if own else []
    return render_page(
        request,
        "console/content/edit.html",
        form=form,
        piece=own,
        kind=form.kind.value,
        kind_name=form.kind.label,
        language=language,
        is_first=own is None or language == own.language,
        tabs=[
            (name, f"?language={name}", name == language)
            for name in [*languages, *([language] if own and language not in languages else [])]
        ],
        variables=list_variables(request, request.POST.get("event_name", "")[:255].replace("\0", "")),
        snippets=list(
            Piece.objects.filter(workspace_id=request.workspace.pk, kind=Kind.SNIPPET, version__gt=0)
            .order_by("key")
            .values_list("key", flat=True)
        ),
        seen=request.POST.get("seen") or (moment_of(own.updated_at) if own else ""),
        trial={name: request.POST.get(name, "") for name in ("person", "made_up", "event_name", "event")},
        **said,
    )
