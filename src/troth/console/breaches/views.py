"""The register, one breach with its clock and whom it touched, and its papers."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.asking import is_number
from troth.console.breaches.forms import KIND_WORDS
from troth.console.shell import render_page
from troth.kernel.clock import HOUR, now_ms
from troth.privacy.breaches.affected import count_affected, span_of
from troth.privacy.breaches.clock import HOURS
from troth.privacy.breaches.papers import LETTERS, Sender, write_letter, write_notification
from troth.privacy.breaches.register import BreachUnknown, clock_of, find_breach, list_breaches, list_steps
from troth.privacy.breaches.touched import TouchedList, write_csv
from troth.privacy.models import Breach
from troth.privacy.record.parties import read_parties
from troth.workspaces.models import Member, User
from troth.workspaces.roles import Permission


def own_breach(request: MemberRequest, breach_id: int) -> Breach:
    """A breach of the workspace. Raises Http404."""
    try:
        return find_breach(request.workspace.pk, breach_id)
    except BreachUnknown:
        raise Http404 from None


def way(request: MemberRequest, own: Breach | None = None) -> list[tuple[str, str]]:
    """The crumbs above a page of the room."""
    crumbs = [(_("Breaches"), reverse("console-breaches", args=[request.workspace.pk]))]
    if own:
        crumbs.append((own.title, reverse("console-breach", args=[request.workspace.pk, own.pk])))
    return crumbs


@member_page(Permission.SEE_REGISTERS)
def breaches(request: MemberRequest) -> HttpResponse:
    """All of them, the latest first, each with its clock."""
    now = now_ms()
    rows = [(row, clock_of(row, now)) for row in list_breaches(request.workspace.pk)]
    return render_page(request, "console/breaches/breaches.html", rows=rows)


@member_page(Permission.SEE_REGISTERS)
def breach(request: MemberRequest, breach_id: int) -> HttpResponse:
    """One of them; `?member=` counts whom that member's acts touched while it went on."""
    own, now = own_breach(request, breach_id), now_ms()
    clock = clock_of(own, now)
    asked = request.GET.get("member", "")
    members = list(Member.objects.select_related("user").filter(workspace=request.workspace).order_by("user__email"))
    since, until = span_of(own, now)
    user_id = asked_member(asked)
    steps = list_steps(own)
    names = dict(User.objects.filter(pk__in={step.user_id for step in steps}).values_list("pk", "email"))
    return render_page(
        request,
        "console/breaches/breach.html",
        breach=own,
        crumbs=way(request),
        clock=clock,
        run=min(100, max(0, round(100 * (now - own.aware_at) / (HOURS * HOUR)))),
        kinds=[KIND_WORDS[kind] for kind in own.kinds],
        affected=count_affected(request.workspace.pk, since, until, user_id),
        since=since,
        until=until - 1,
        members=[
            ("", _("anybody")),
            ("0", _("keys of the API, and the command line")),
            *((str(member.user_id), member.user.email) for member in members),
        ],
        member=asked,
        steps=[(step, names.get(step.user_id, "")) for step in reversed(steps)],
        languages=list(LETTERS),
    )


@member_page(Permission.SEE_REGISTERS)
def notification(request: MemberRequest, breach_id: int) -> HttpResponse:
    """The notification to the authority, as a PDF."""
    own = own_breach(request, breach_id)
    made = write_notification(own, sender_of(request), now_ms()).as_pdf()
    return HttpResponse(
        made, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="breach-{own.pk}-notification.pdf"'}
    )


@member_page(Permission.KEEP_REGISTERS, audit="breach.listed")
def persons(request: MemberRequest, breach_id: int) -> HttpResponseBase:
    """Everybody who is to be told, as a file for a spreadsheet or a mail merge; `?member=` only whom that member's acts touched."""
    own = own_breach(request, breach_id)
    request.detail = {"breach": own.pk}
    headers = {"Content-Disposition": f'attachment; filename="breach-{own.pk}-persons.csv"'}
    only = asked_member(request.GET.get("member", ""))
    touched = TouchedList(own, now=now_ms(), only_user=only, by_user=request.member.user_id)
    return StreamingHttpResponse(write_csv(touched), content_type="text/csv; charset=utf-8", headers=headers)


def asked_member(text: str) -> int | None:
    """Whose acts are meant; None: everybody's."""
    return int(text) if is_number(text) else None


@member_page(Permission.SEE_REGISTERS)
def letter(request: MemberRequest, breach_id: int) -> HttpResponse:
    """Words for the persons, in `?language=`."""
    own, asked = own_breach(request, breach_id), request.GET.get("language", "")
    language = asked if asked in LETTERS else "en"
    return render_page(
        request,
        "console/breaches/letter.html",
        breach=own,
        crumbs=way(request, own),
        tabs=[(name, f"?language={name}", name == language) for name in LETTERS],
        language=language,
        text=write_letter(own, sender_of(request), language),
    )


def sender_of(request: MemberRequest) -> Sender:
    """Who is answerable, and whom one can ask (Art. 33(3)(b)): as the record of processing says, else a privacy officer or owner."""
    parties = read_parties(request.workspace.pk)
    return Sender(parties.name, parties.dpo or parties.contact or contact_of(request.workspace.pk))


def contact_of(workspace_id: int) -> str:
    """The first privacy officer, else the first owner."""
    found = (
        Member.objects.select_related("user").filter(workspace=workspace_id, role__in=("privacy_officer", "owner")).order_by("-role", "pk")
    )
    first = found.first()
    return first.user.email if first else ""
