"""Where providers tell what became of messages. The address is the key: it is secret, of one channel, and where the provider signs, that is checked too."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from troth.kernel.clock import now_ms
from troth.messages.channels.port import Callback
from troth.messages.errors import CallbackPutOff, CallbackRefused, ChannelUnknown
from troth.messages.feedback.reading import hear
from troth.messages.hooks import find_hooked

log = structlog.get_logger()


@csrf_exempt
def hooked(request: HttpRequest, channel_id: int, tag: str, message_id: int = 0, message_tag: str = "") -> HttpResponse:
    """Note what is told. 200 means noted for good; 400 is not worth telling again, and anything else is.

    Providers look whether there is somebody by HEAD or GET before they tell anything.
    """
    row = find_hooked(channel_id, tag, message_id, message_tag)
    if row is None:
        return HttpResponse("There is no such address.", status=404, content_type="text/plain")
    if request.method in ("GET", "HEAD"):
        return HttpResponse(content_type="text/plain")
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    callback = Callback(
        url=f"{settings.TROTH_URL}{request.get_full_path()}",
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
        message_id=message_id,
    )
    try:
        heard = hear(row, callback, now_ms())
    except (CallbackRefused, ChannelUnknown) as error:
        log.warning("callback_refused", channel=row.adapter, error=type(error).__name__)
        status = 503 if isinstance(error, CallbackPutOff) else 400
        return HttpResponse(str(error), status=status, content_type="text/plain; charset=utf-8")
    if heard.unmatched:
        log.info("callback_unmatched", channel=row.adapter, number=heard.unmatched)
    return HttpResponse(content_type="text/plain")
