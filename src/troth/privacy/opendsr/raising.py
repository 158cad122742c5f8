"""Worker duty: a callback that could not be delivered in 72 hours is raised: in the history of its cases on the desk, by mail, and in `troth doctor`."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import transaction

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import find_officers, mail_to
from troth.privacy.history import By, write_step
from troth.privacy.mail_words import UNDELIVERED
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.opendsr import CallbackState, OpendsrCallback
from troth.workspaces.models import Workspace

log = structlog.get_logger()
CALLBACK = "callback"
"""The step in the history of a case."""
TOGETHER = 50
LATELY = 30 * DAY


def raise_undelivered(now: int) -> bool:
    """Raise what was given up, each once; True while there may be more."""
    found = list(
        OpendsrCallback.objects.filter(state=CallbackState.GIVEN_UP, raised=False).select_related("request").order_by("id")[:TOGETHER]
    )
    for callback in found:
        _mail(callback, now)
        with transaction.atomic():
            if not OpendsrCallback.objects.filter(pk=callback.pk, raised=False).update(raised=True):
                continue
            for case in PrivacyRequest.objects.filter(opendsr__request=callback.request).order_by("pk"):
                write_step(case, CALLBACK, By("worker"), now, facts={"not_delivered": callback.status, "tries": callback.attempts})
        log.error("opendsr_callback_given_up", workspace_id=callback.workspace_id, callback=callback.pk, trouble=callback.trouble)
    return len(found) == TOGETHER


def count_undelivered(now: int) -> int:
    """How many were given up in the last 30 days."""
    return OpendsrCallback.objects.filter(state=CallbackState.GIVEN_UP, settled_at__gte=now - LATELY).count()


def _mail(callback: OpendsrCallback, now: int) -> None:
    """Tell the privacy contact. A mail that cannot leave does not keep the desk from telling it."""
    if not can_mail():
        return
    name = Workspace.objects.values_list("name", flat=True).get(pk=callback.workspace_id)

    def write(say: Speech) -> tuple[str, str]:
        trouble = callback.trouble.replace("_", " ") or callback.http
        facts = {"host": urlsplit(callback.url).hostname, "status": say.named(callback.status), "trouble": trouble}
        text = f"{say.whole('callback', UNDELIVERED, **facts)}\n\n{settings.TROTH_URL}/console/{callback.workspace_id}/desk/\n"
        return say("{name}: a controller could not be told of a privacy request", name=name), text

    try:
        mail_to(find_officers(callback.workspace_id, is_over=True), write, now)
    except (TrothError, OSError) as error:
        log.error("raising_failed", workspace_id=callback.workspace_id, error=type(error).__name__)
