"""The reason is written down before anything is shown, and told to who watches over the audit log."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.breaking import ask_why, open_glass
from troth.console.mailing import can_mail, mail_member
from troth.kernel.clock import now_ms
from troth.kernel.ids import bucket_of
from troth.people.models import Person
from troth.privacy.addressees import address_members
from troth.privacy.mail_words import GLASS
from troth.workspaces.audit import NOBODY
from troth.workspaces.glass import EVERYBODY, LONGEST_REASON, SHORTEST_REASON
from troth.workspaces.models import Member
from troth.workspaces.roles import Permission, roles_with


@member_page(Permission.SEE_FIGURES, methods=("POST",))
def break_glass(request: MemberRequest) -> HttpResponse:
    """`reason`, `person` (a number; with `scope=all` everybody) and `to`, the page that was asked for."""
    reason = " ".join(request.POST.get("reason", "").split())
    person_id = _person(request)
    whom = EVERYBODY if request.POST.get("scope") == "all" else person_id
    to = request.POST.get("to", "")
    home = f"/console/{request.workspace.pk}/"
    if not (to.startswith(home) and url_has_allowed_host_and_scheme(to, allowed_hosts=None)):
        to = home
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        return ask_why(request, audit="", person_id=person_id, fault=_("Say why, in a few words: the audit log keeps them."), to=to)
    record(request, "glass.broken", person_id=whom or NOBODY, detail={"everybody": whom == EVERYBODY, "minutes": 15}, reason=reason)
    open_glass(request, whom)
    _tell_officers(request)
    answer = HttpResponse(status=303)
    answer["Location"] = to
    return answer


def _person(request: MemberRequest) -> int:
    """The person of the page, if they are one of the workspace's."""
    given = request.POST.get("person", "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 20 else 0
    found = (
        0 < number < 2**63 and Person.objects.filter(bucket=bucket_of(number), person_id=number, workspace_id=request.workspace.pk).exists()
    )
    return number if found else EVERYBODY


def _tell_officers(request: MemberRequest) -> None:
    """Who may read the audit log and does not own the workspace (privacy officers) is told that there is something to read; the reason stays there."""
    if not can_mail():
        return
    roles = [role for role in roles_with(Permission.SEE_AUDIT) if role != "owner"]
    officers = Member.objects.filter(workspace=request.workspace, role__in=roles).exclude(user=request.member.user_id)
    for address, say in address_members(officers.order_by("pk")):
        text = say.whole("glass", GLASS, role=say.named(request.member.role), workspace=request.workspace.name)
        mail_member(address, say("Persons of {workspace} are looked at in clear", workspace=request.workspace.name), f"{text}\n", now_ms())
