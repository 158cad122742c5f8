"""The public head of a workspace's consent ledger: whoever keeps a checkpoint can later prove that nothing before it was changed. Nobody's data."""

from __future__ import annotations

import base64
from functools import partial

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from troth.consent.ledger.log import compute, head_of
from troth.consent.ledger.merkle import prove_consistency
from troth.consent.models import Checkpoint
from troth.consent.receipt_page.build import build_page
from troth.kernel.crypto import public_key_pem


@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The public key that every checkpoint, receipt and certificate of this installation is signed with."""
    return _public(HttpResponse(public_key_pem(), content_type="application/x-pem-file"))


@require_safe
def checker(request: HttpRequest) -> HttpResponse:
    """The page that verifies receipts, with none in it, to be kept and opened anywhere."""
    answer = HttpResponse(build_page(None, public_key_pem(), settings.TROTH_URL), content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="verify-receipts.html"'
    return _public(answer)


@require_safe
def checkpoint(request: HttpRequest, workspace_id: int, size: int | None = None) -> HttpResponse:
    """The latest signed checkpoint, or the one over `size` entries."""
    signed = Checkpoint.objects.filter(workspace_id=workspace_id)
    found = (signed if size is None else signed.filter(size=size)).order_by("-size").first()
    if found is None:
        raise Http404
    return _public(HttpResponse(found.note, content_type="text/plain; charset=utf-8"))


@require_safe
def consistency(request: HttpRequest, workspace_id: int, old: int, new: int) -> HttpResponse:
    """The proof that the log of `new` entries begins with the log of `old` ones (RFC 9162, 2.1.4): hashes in base64."""
    size, _ = head_of(workspace_id)
    if not 0 < old <= new <= size:
        raise Http404
    path = compute(workspace_id, partial(prove_consistency, old, new))
    return _public(JsonResponse({"old": old, "new": new, "proof": [base64.b64encode(step).decode() for step in path]}))


def _public(response: HttpResponse) -> HttpResponse:
    """Anybody may fetch it, also from a page of another site; it holds no data of anybody."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
