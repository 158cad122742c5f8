"""The public head of a workspace's consent ledger: whoever keeps a checkpoint can later prove that nothing before it was changed. Nobody's data."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from troth.consent.ledger.log import head_of, nodes_of
from troth.consent.ledger.merkle import prove_consistency
from troth.consent.models import Checkpoint
from troth.kernel.crypto import signing_key


@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The public key that every checkpoint, receipt and certificate of this installation is signed with."""
    pem = signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return _public(HttpResponse(pem, content_type="application/x-pem-file"))


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
    path = prove_consistency(old, new, nodes_of(workspace_id))
    return _public(JsonResponse({"old": old, "new": new, "proof": [base64.b64encode(step).decode() for step in path]}))


def _public(response: HttpResponse) -> HttpResponse:
    """Anybody may fetch it, also from a page of another site; it holds no data of anybody."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
