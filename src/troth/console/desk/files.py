"""Files of a request: the person's data, the certificate and the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect

from troth.console.access import MemberRequest, member_page, record
from troth.console.desk.views import own_request
from troth.kernel.clock import now_ms
from troth.people.lookup import PersonNotFound
from troth.privacy.desk.cases import PersonGone, subject_of
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.identity import IdentityLacking, check_identity
from troth.privacy.desk.portability import open_portable
from troth.privacy.desk.telling import language_for
from troth.privacy.exporting.export import open_export
from troth.privacy.history import HAND_OUT, By, write_step
from troth.privacy.models import RequestType
from troth.workspaces.roles import Permission

PIECE = 64 * 1024


@member_page(Permission.EXERCISE_RIGHTS)
def certificate(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """The signed certificate, as a file."""
    found = own_request(request, request_id)
    if not found.certificate:
        raise Http404
    return _file(found.certificate, f"certificate-{request_id}.json")


@member_page(Permission.EXERCISE_RIGHTS)
def evidence(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """Everything that proves how the request was answered, signed."""
    found = own_request(request, request_id)
    record(request, "request.evidence", person_id=found.person_id or 0, detail={"request": str(request_id)})
    return _file(make_evidence(found, now_ms()), f"evidence-{request_id}.json")


@member_page(Permission.EXERCISE_RIGHTS, methods=("POST",))
def data(request: MemberRequest, request_id: UUID) -> HttpResponseBase:
    """The person's data for an answer that is not a link: all of it, or what they may take along; only once it is known who asks."""
    found, now = own_request(request, request_id), now_ms()
    if found.type not in (RequestType.ACCESS, RequestType.PORTABILITY):
        raise Http404
    is_portable = found.type == RequestType.PORTABILITY
    ending = "pdf" if request.POST.get("format") == "pdf" and not is_portable else "zip"
    try:
        check_identity(found.type, found.identity)
        subject = subject_of(found)
        language = language_for(found)
        file = (
            open_portable(subject, now=now, language=language)
            if is_portable
            else open_export(subject, f".{ending}", now=now, language=language)
        )
    except (IdentityLacking, PersonGone, PersonNotFound) as error:
        messages.error(request, str(error))
        return redirect("console-request", request.workspace.pk, request_id)
    with transaction.atomic():
        record(request, "person.exported", person_id=subject.person_id, detail={"request": str(request_id)})
        write_step(found, HAND_OUT, By("console", int(request.user.pk or 0), request.member.role), now)
    answer = StreamingHttpResponse(_pieces(file), content_type=f"application/{ending}")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.type}-{request_id}.{ending}"'
    return answer


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
