"""The outbox: the list, one message with everything that is known about it, and its body for the frame."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.asking import FilterInvalid, keep, read_day, read_numbers, read_person
from troth.console.mail_preview import show_mail
from troth.console.outbox.reading import MessageRow, Wanted, describe_messages, list_campaigns, read_page
from troth.console.shell import preferences, render_page
from troth.console.showing import put_in_words
from troth.messages.engagement_figures import read_engagement
from troth.messages.feedback.figures import list_told
from troth.messages.lookup import find_message
from troth.messages.models import Message, State
from troth.messages.sending import BODY_RETENTION
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission

ASKED = ("state", "source", "person", "from", "to")
PARTS = ("html", "text", "headers")


@member_page(Permission.SEE_MESSAGES, audit="message.list")
def outbox(request: MemberRequest) -> HttpResponse:
    """`?state=&source=&person=&from=&to=&after=`, the newest first."""
    asked, problem = request.GET, ""
    rows: list[MessageRow] = []
    older = None
    try:
        wanted = _read_wanted(request)
    except FilterInvalid as invalid:
        problem = str(invalid)
    else:
        request.about = wanted.person_id or NOBODY
        rows, older = read_page(request.workspace.pk, wanted, read_numbers(asked.get("after", ""), 2))
    request.shown = [row.message.person_id for row in rows]
    return render_page(
        request,
        "console/outbox/outbox.html",
        rows=rows,
        problem=problem,
        asked={name: asked.get(name, "") for name in ASKED},
        states=[("", _("Any state")), *((state, put_in_words(state)) for state in State.values)],
        sources=[("", _("Any campaign")), *list_campaigns(request.workspace.pk)],
        older=f"?{keep(asked, 'after', after='-'.join(map(str, older)))}" if older else "",
        newest=f"?{keep(asked, 'after')}" if asked.get("after") else "",
    )


def _read_wanted(request: MemberRequest) -> Wanted:
    asked, zone = request.GET, preferences(request)["zone"]
    state = asked.get("state", "")
    if state and state not in State.values:
        raise FilterInvalid(_("There is no such state: choose one from the list."))
    return Wanted(
        state=state,
        source=asked.get("source", "")[:40],
        person_id=read_person(asked.get("person", "").strip()[:320], request.workspace.pk),
        since=read_day(asked.get("from", ""), zone),
        until=read_day(asked.get("to", ""), zone, 1),
    )


@member_page(Permission.SEE_MESSAGES, audit="message.read")
def message(request: MemberRequest, message_id: int) -> HttpResponse:
    """One message; `?part=html|text|headers`."""
    found = _find(request, message_id)
    part = request.GET.get("part", "html")
    part = part if part in PARTS else "html"
    words = {"html": _("HTML"), "text": _("Text"), "headers": _("Headers")}
    body = found.rendered or {}
    return render_page(
        request,
        "console/outbox/message.html",
        row=describe_messages(request.workspace.pk, [found])[0],
        crumbs=[(_("Outbox"), reverse("console-outbox", args=[request.workspace.pk]))],
        cause=_address_of(request.workspace.pk, found.source),
        why=_why(request.workspace.pk, found),
        part=part,
        tabs=[(says, f"?part={name}", name == part) for name, says in words.items()],
        text=body.get("text", ""),
        headers=body.get("headers", []),
        has_body=bool(body),
        engagement=read_engagement(request.workspace.pk, found.bucket, found.person_id, found.message_id),
        told=list_told(found),
        kept_days=BODY_RETENTION // 86_400_000,
    )


@member_page(Permission.SEE_MESSAGES, audit="message.read")
def body(request: MemberRequest, message_id: int) -> HttpResponse:
    """The HTML part alone, for the frame."""
    found = _find(request, message_id)
    if not found.rendered:
        raise Http404
    return show_mail(found.rendered.get("html", ""), title=found.rendered.get("subject", ""))


def _address_of(workspace_id: int, source: str) -> str:
    """The page of what caused a message."""
    kind, _colon, number = source.partition(":")
    room = {"campaign": "campaigns", "newsletter": "newsletters", "repermission": "repermission"}.get(kind)
    return f"/console/{workspace_id}/{room}/{number}" if room and number.isdigit() else ""


def _find(request: MemberRequest, message_id: int) -> Message:
    found = find_message(request.workspace.pk, message_id)
    if found is None:
        raise Http404
    request.about = found.person_id
    return found


def _why(workspace_id: int, found: Message) -> str:
    """The address of the page that tells the decisions on a message in words; of a campaign's all that became of it for the person."""
    kind, _colon, number = found.source.partition(":")
    asked = f"campaign={number}" if kind == "campaign" else f"message={found.message_id}"
    return f"{reverse('console-why', args=[workspace_id])}?person=person:{found.person_id}&{asked}"
