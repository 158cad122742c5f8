"""What can be done with a webhook: pausing, trying, telling again, a new secret, removing."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.asking import is_number
from troth.console.shell import render_page
from troth.console.webhooks.reading import word_trouble
from troth.console.webhooks.views import back, find_own, way
from troth.kernel.clock import now_ms
from troth.webhooks.editing import delete_webhook, replace_secret, revise_webhook
from troth.webhooks.models import WebhookState
from troth.webhooks.testing import try_webhook
from troth.webhooks.waiting import Filter, count_by_state, replay
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_CHANNELS, methods=("POST",))
def switch(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """`state`: on, paused or off."""
    own, state = find_own(request, webhook_id), request.POST.get("state", "")
    if state in WebhookState.values:
        with transaction.atomic():
            revise_webhook(own, {"state": state}, now=now_ms())
            record(request, "webhook.edited", detail={"webhook": own.pk, "name": own.name, "state": state})
        said = {
            "on": _("It is on: what waited is told now."),
            "paused": _("Paused: what happens is kept, and told when it goes on."),
            "off": _("It is off: what happens from now on is not told, not even later."),
        }
        messages.success(request, said[state])
    return back(request, own)


@member_page(Permission.MANAGE_CHANNELS, methods=("POST",))
def test(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """Tell it a made-up piece of news."""
    own = find_own(request, webhook_id)
    record(request, "webhook.tested", detail={"name": own.name})
    answer = try_webhook(own, now_ms())
    if answer.is_taken:
        messages.success(request, _("It was taken: the address answered %s.") % answer.status)
    else:
        code = f" ({answer.status})" if answer.status else ""
        messages.error(request, _("It was not taken: %s.") % (word_trouble(answer.trouble) + code))
    return back(request, own)


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def replay_some(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """Tell one delivery again (`delivery`), or all dead letters, of a type if one is chosen."""
    own = find_own(request, webhook_id)
    one, type_ = request.POST.get("delivery", ""), request.POST.get("type", "")
    if request.method == "POST":
        ids = [int(one)] if is_number(one) else None
        with transaction.atomic():
            number = replay(own, Filter("" if ids else "dead", type_ if type_ in own.types else ""), now_ms(), ids=ids)
            record(request, "webhook.replayed", detail={"webhook": own.pk, "name": own.name, "deliveries": number})
        told = ngettext("%(number)d delivery is told again.", "%(number)d deliveries are told again.", number) % {"number": number}
        messages.success(request, told)
        return go("console-webhook-deliveries", request.workspace.pk, own.pk)
    return render_page(request, "console/webhooks/replay.html", own=own, number=count_by_state(own)["dead"])


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def renew(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """A new secret, shown in this answer and never again."""
    own = find_own(request, webhook_id)
    if request.method != "POST":
        return render_page(request, "console/webhooks/secret.html", own=own)
    with transaction.atomic():
        secret = replace_secret(own, now=now_ms())
        record(request, "webhook.secret_renewed", detail={"webhook": own.pk, "name": own.name})
    return render_page(request, "console/webhooks/made.html", own=own, secret=secret, is_new=False, crumbs=way(request, own))


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def remove(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """Tell it nothing more, and forget what it was told."""
    own = find_own(request, webhook_id)
    if request.method == "POST":
        with transaction.atomic():
            record(request, "webhook.removed", detail={"name": own.name})
            delete_webhook(own)
        messages.success(request, _("Removed, with everything that waited for it."))
        return back(request, None)
    return render_page(request, "console/webhooks/remove.html", own=own, waiting=count_by_state(own)["waiting"])
