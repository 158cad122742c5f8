"""OpenDSR as processor: requests of persons from a controller's own systems, with signed answers. The rules are in `docs/opendsr.md`.

Errors have OpenDSR's shape and say nothing about a person, nor about keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import IO
from uuid import UUID

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.models.opendsr import OpendsrRequest
from troth.privacy.opendsr.bodies import (
    Body,
    BodyInvalid,
    Error,
    ErrorDetail,
    Fault,
    headers_for,
    is_request_id,
    write,
)
from troth.privacy.opendsr.following import CancelImpossible, RequestUnknown, cancel, find_opendsr_request, show_status
from troth.privacy.opendsr.identities import IdentityUnsupported
from troth.privacy.opendsr.offering import discover
from troth.privacy.opendsr.own_certificate import CertificateMissing, own_certificate_pem, own_domain
from troth.privacy.opendsr.receiving import RequestChanged, receive
from troth.privacy.opendsr.results import ResultsGone, open_results
from troth.privacy.opendsr.signatures import sign
from troth.workspaces.client_certificates import presented_certificate
from troth.workspaces.keys import Grant, find_grant, find_grant_of_certificate

log = structlog.get_logger()
SCOPE = "dsr:write"
PIECE = 64 * 1024
JSON = "application/json"
View = Callable[..., HttpResponseBase]


class _Refused(TrothError):
    """An answer that is an error."""

    def __init__(self, status: int, domain: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.domain, self.reason = status, domain, reason


STATUSES: dict[type[TrothError], tuple[int, str, str]] = {
    IdentityUnsupported: (400, "Validation", "unsupported_identity"),
    CancelImpossible: (400, "State", "not_pending"),
    RequestUnknown: (404, "Validation", "unknown_request"),
    RequestChanged: (409, "Validation", "request_changed"),
    ResultsGone: (410, "Results", "gone"),
    CertificateMissing: (503, "Service", "not_set_up"),
}


def _door(*methods: str) -> Callable[[View], View]:
    """A view that answers only these methods, and refuses in OpenDSR's shape."""

    def wrap(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, **of_path: str) -> HttpResponseBase:
            if request.method not in methods:
                response = _error(405, "Protocol", "method", f"only {' and '.join(methods)}")
                response["Allow"] = ", ".join(methods)
                return response
            try:
                return view(request, **of_path)
            except _Refused as error:
                return _error(error.status, error.domain, error.reason, str(error))
            except BodyInvalid as error:
                return _error(400, "Validation", error.reason, str(error))
            except RequestDataTooBig:
                return _error(413, "Validation", "too_big", "the body is too large")
            except tuple(STATUSES) as error:
                status, domain, reason = STATUSES[type(error)]
                told = "OpenDSR is not set up here" if isinstance(error, CertificateMissing) else str(error)
                return _error(status, domain, reason, told)
            except TrothError as error:
                # Somebody else acted on the same person at this moment, or roots cannot be read: nothing was taken.
                log.error("opendsr_not_answered", error=type(error).__name__)
                return _error(503, "Service", "try_again", "this cannot be answered now: try again")

        return answer

    return wrap


def _grant(request: HttpRequest) -> Grant:
    """The grant of the key, or of the client certificate, that came with a call; it decides the workspace. Raises _Refused."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    certificate = presented_certificate(request.META)
    if scheme:
        grant = find_grant(token.strip()) if scheme.lower() == "bearer" and 0 < len(token) <= 200 else None
    else:
        grant = find_grant_of_certificate(certificate)
    if grant is None:
        raise _Refused(401, "Authentication", "key", "send a valid key: Authorization: Bearer KEY")
    if grant.certificate and grant.certificate != certificate:
        raise _Refused(401, "Authentication", "certificate", "this key is bound to a client certificate: connect with it (mTLS)")
    if SCOPE not in grant.scopes:
        raise _Refused(403, "Authentication", "scope", f"the key lacks the scope {SCOPE}")
    return grant


def _error(status: int, domain: str, reason: str, message: str) -> HttpResponse:
    fault = Fault(domain=domain, reason=reason, message=message)
    response = HttpResponse(write(Error(error=ErrorDetail(code=status, message=message, errors=[fault]))), status=status, content_type=JSON)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _signed(body: Body, status: int, version: str) -> HttpResponse:
    raw = write(body)
    response = HttpResponse(raw, status=status, content_type=JSON, headers=headers_for(version, own_domain(), sign(raw)))
    response["Cache-Control"] = "no-store"
    return response


@_door("GET")
def discovery(request: HttpRequest, version: str) -> HttpResponse:
    """What is offered; for everybody."""
    return HttpResponse(write(discover(version)), content_type=JSON)


@_door("GET")
def certificate(request: HttpRequest) -> HttpResponse:
    """The certificate of the key that signs (PEM), with those between it and its authority; for everybody."""
    return HttpResponse(own_certificate_pem(), content_type="application/x-pem-file")


@_door("POST")
def requests(request: HttpRequest, version: str) -> HttpResponse:
    """Take a request; the signed receipt (201) is the same however often it comes."""
    grant = _grant(request)
    sign(b"")  # without a certificate nothing is taken: it could not be answered
    return _signed(receive(grant.workspace_id, grant.key_id, request.body, version, now_ms()), 201, version)


@_door("GET", "DELETE")
def one_request(request: HttpRequest, request_id: str, version: str) -> HttpResponse:
    """Where a request is, or take it back while it is pending."""
    grant = _grant(request)
    row = _find(grant, request_id)
    if request.method == "DELETE":
        return _signed(cancel(row, version, now_ms()), 202, version)
    return _signed(show_status(row, grant.key_id, version, now_ms()), 200, version)


@_door("GET")
def status(request: HttpRequest, request_id: str, version: str) -> HttpResponse:
    """Where a request is; the specification names this place too, and does not say what for."""
    grant = _grant(request)
    return _signed(show_status(_find(grant, request_id), grant.key_id, version, now_ms()), 200, version)


@_door("GET")
def results(request: HttpRequest, request_id: str, token: str, version: str) -> StreamingHttpResponse:
    """What is held on the person, once, to the key that asked."""
    grant = _grant(request)
    row = _find(grant, request_id)
    file = open_results(row, grant.key_id, token, now_ms())
    response = StreamingHttpResponse(_pieces(file), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{row.subject_request_id}.zip"'
    response["Cache-Control"] = "no-store"
    return response


def _find(grant: Grant, request_id: str) -> OpendsrRequest:
    if not is_request_id(request_id):
        raise RequestUnknown
    return find_opendsr_request(grant.workspace_id, UUID(request_id))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
