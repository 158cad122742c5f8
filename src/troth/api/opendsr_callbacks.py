"""Where processors tell what became of the requests that we handed in over OpenDSR. No key: the signature says who speaks."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from troth.kernel.clock import now_ms
from troth.privacy.opendsr.hearing import TAKEN, hear

MOST = 64 * 1024


@csrf_exempt
def callbacks(request: HttpRequest) -> HttpResponse:
    """202: taken; 401: not a processor of ours, or its certificate does not hold; 400: the signature, or what was said; 503: try again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        raw = request.body
    except RequestDataTooBig:
        raw = b""
    if not raw or len(raw) > MOST:
        return _refuse(400, "A callback has a body, of 64 KiB at most.")
    heard = hear(raw, request.headers, now_ms())
    return HttpResponse(status=TAKEN) if heard.status == TAKEN else _refuse(heard.status, heard.says)


def _refuse(status: int, says: str) -> HttpResponse:
    return JsonResponse({"error": {"code": status, "message": says}}, status=status)
