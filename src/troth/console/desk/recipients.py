"""Recipients of a request (Art. 19): what each answered, with its proofs; members record what they heard, tell anew, or take back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.desk.views import own_request, way
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.privacy.downstream.answering import AnswerImpossible, Means, find_notice, record_answer, take_back, tell_again
from troth.privacy.downstream.course import CLOSED
from troth.privacy.models.disclosures import NoticeState, RecipientNotice
from troth.workspaces.models import User
from troth.workspaces.roles import Permission

S = NoticeState


@member_page(Permission.SEE_PEOPLE, audit="request.read")
def recipient(request: MemberRequest, request_id: UUID, notice_id: UUID) -> HttpResponse:
    """One recipient: where the telling stands, what they answered and what proves it."""
    found = own_request(request, request_id)
    own = _own(request, request_id, notice_id)
    answers = list(own.answers.order_by("-pk"))
    names = dict(User.objects.filter(pk__in={answer.user_id for answer in answers if answer.user_id}).values_list("pk", "email"))
    return render_page(
        request,
        "console/desk/recipient.html",
        crumbs=way(request, found),
        found=found,
        own=own,
        answers=[(answer, names.get(answer.user_id, "")) for answer in answers],
        is_open=own.state not in CLOSED,
        can_tell=own.state in (S.WAITING, S.BY_HAND) and own.sealed is not None,
        can_take_back=own.state in (S.WAITING, S.BY_HAND) or (own.state == S.TOLD and own.way == "opendsr"),
        said=[
            ("done", _("They have done it")),
            ("in_progress", _("They have begun")),
            ("told", _("They were told")),
            ("refused", _("They refuse")),
        ],
        means=[(Means.MAIL, _("mail")), (Means.PHONE, _("telephone")), (Means.LETTER, _("letter")), (Means.PORTAL, _("their portal"))],
    )


@member_page(Permission.EXERCISE_RIGHTS, methods=("POST",))
def act(request: MemberRequest, request_id: UUID, notice_id: UUID) -> HttpResponseBase:
    """`act`: `answer` (with `answer` and `means`), `again` or `take_back`."""
    own, asked, now = _own(request, request_id, notice_id), request.POST.get("act", ""), now_ms()
    try:
        with transaction.atomic():
            if asked == "answer":
                said = request.POST.get("answer", ""), request.POST.get("means", "")
                record_answer(own, *said, user_id=int(request.user.pk or 0), now=now)
                record(request, "recipient.answered", detail={"notice": str(own.pk), "answer": said[0], "by": said[1]})
            elif asked == "again":
                tell_again(own, now=now)
                record(request, "recipient.told_again", detail={"notice": str(own.pk)})
            elif asked == "take_back":
                take_back(own, now=now)
                record(request, "recipient.taken_back", detail={"notice": str(own.pk)})
            else:
                raise Http404
    except AnswerImpossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is written down."))
    response = redirect("console-request-recipient", request.workspace.pk, request_id, notice_id)
    response.status_code = 303
    return response


def _own(request: MemberRequest, request_id: UUID, notice_id: UUID) -> RecipientNotice:
    found = RecipientNotice.objects.filter(workspace_id=request.workspace.pk, request_id=request_id, pk=notice_id).exists()
    if not found:
        raise Http404
    return find_notice(request.workspace.pk, notice_id)
