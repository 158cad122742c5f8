"""A template as a real or made-up person would get it: shown while one types, told about, and sent to the member's own address."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpResponse, HttpResponseForbidden

from troth.campaigns.trials import Rendered, Sample, render_sample
from troth.console.access import MemberRequest, member_page
from troth.console.shell import render_fragment
from troth.console.trying import (
    LONGEST_EVENT,
    Look,
    SampleInvalid,
    may_look,
    read_sample,
    send_sample,
    show_rendered,
    show_text,
)
from troth.content.checking import Finding, check_piece
from troth.content.compiling import PARTS
from troth.content.drafts import draft_mail, draft_short
from troth.content.languages import normalise_language
from troth.content.library import LONGEST_KEY
from troth.content.liquid import MAX_SOURCE
from troth.content.models import Format, Kind, Piece
from troth.content.variables import list_properties
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.people.event_names import fold_event_name
from troth.workspaces.roles import Permission


@dataclass(frozen=True)
class Trial:
    """A draft tried with a person and an event. `faults` say why there is nothing to show."""

    rendered: Rendered | None = None
    faults: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sample: Sample | None = None
    properties: list[str] = field(default_factory=list)
    is_short: bool = False


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def preview(request: MemberRequest) -> HttpResponse:
    """The body alone, for a frame: a page with a policy of its own."""
    if not may_look(request):
        return HttpResponseForbidden()
    trial = _try(request, posted_piece(request, None), now_ms())
    if trial.rendered is None:
        return show_text("\n\n".join([*trial.faults, *map(str, (one for one in trial.findings if one.is_error))]))
    return show_rendered(request, trial.rendered)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def about(request: MemberRequest) -> HttpResponse:
    """What is to be said beside the body: subject, what was found with part and line, and the properties that the event has."""
    if not may_look(request):
        return HttpResponseForbidden()
    return render_fragment(request, "console/content/about.html", trial=_try(request, posted_piece(request, None), now_ms(), finds=True))


def send_test(request: MemberRequest, own: Piece | None) -> tuple[str, str]:
    """Send what stands in the form to the member's own address: the tone and the words of what came of it."""
    piece = posted_piece(request, own)
    trial = _try(request, piece, now_ms()) if may_look(request) else Trial()
    subject = trial.sample.subject if trial.sample else None
    return send_sample(request, trial.rendered, trial.faults, subject, Look("template.test_sent", {"template": piece.key or "new"}))


def posted_piece(request: MemberRequest, own: Piece | None) -> Piece:
    """The form as it stands, over what is saved of the template; it is never saved."""
    form = request.POST
    key = form.get("template", "")[:LONGEST_KEY].replace("\0", "")
    saved = own or Piece.objects.filter(workspace_id=request.workspace.pk, key=key or " ").first()
    kind = saved.kind if saved else form.get("kind", "")
    kind = kind if kind in Kind.values else Kind.EMAIL.value
    language = normalise_language(form.get("language") or form.get("first_language", "")) or (saved.language if saved else "en")
    sources = {part: form.get(f"part_{part}", "")[:MAX_SOURCE].replace("\r\n", "\n").replace("\0", "") for part in PARTS[Kind(kind)]}
    return Piece(
        pk=saved.pk if saved else None,
        workspace_id=request.workspace.pk,
        key=saved.key if saved else "",
        kind=kind,
        format=form.get("format", "") if form.get("format", "") in Format.values else Format.HTML.value,
        layout=form.get("layout", "")[:LONGEST_KEY].replace("\0", "") if kind == Kind.EMAIL else "",
        language=saved.language if saved else language,
        parts={**(saved.parts if saved else {}), language: sources},
    )


def _try(request: MemberRequest, piece: Piece, now: int, *, finds: bool = False) -> Trial:
    """The piece with a person and an event, whatever of the form is not valid yet."""
    form, faults, rendered = request.POST, list[str](), None
    language = normalise_language(form.get("language") or form.get("first_language", "")) or piece.language
    event = form.get("event_name", "")[:LONGEST_EVENT].replace("\0", "")
    try:
        sample = read_sample(request, event=event, look=Look("template.previewed", {"template": piece.key or "new"}), now=now)
    except SampleInvalid as error:
        return Trial(faults=[str(error)])
    is_short = piece.kind == Kind.SHORT
    try:
        draft = draft_short(piece, language) if is_short else draft_mail(piece, language)
        rendered = render_sample(draft, sample, is_marketing=is_short or piece.kind == Kind.EMAIL)
    except TrothError as error:
        faults.append(str(error))
    return Trial(
        rendered=rendered,
        faults=faults,
        findings=check_piece(piece) if finds else [],
        sample=sample,
        properties=list_properties(piece.workspace_id, fold_event_name(event)) if finds and event else [],
        is_short=is_short,
    )
