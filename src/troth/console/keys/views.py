"""Keys over HTTP. The text of a key stands in one answer only: not in a session, a message, an address or the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.keys.forms import KINDS, WORDS, KeyForm
from troth.console.shell import render_page
from troth.workspaces.keys import ACCOUNT, SCOPES, create_key, revoke_key
from troth.workspaces.keys import KINDS as SERVER_KINDS
from troth.workspaces.models import Key, User
from troth.workspaces.roles import Permission

MOST = 200
DSR = "dsr:write"
"""The scope of keys for which a client certificate can stand."""


@member_page(Permission.SEE_SETTINGS)
def keys(request: MemberRequest) -> HttpResponseBase:
    """Those in use, and those that were revoked, the newest first."""
    found = Key.objects.filter(workspace=request.workspace).select_related("created_by").order_by("-pk")[:MOST]
    rows = [describe_key(key) for key in found]
    return render_page(
        request,
        "console/keys/keys.html",
        used=[row for row in rows if not row["revoked_at"]],
        revoked=[row for row in rows if row["revoked_at"]],
    )


@member_page(Permission.MANAGE_KEYS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """Make a key; its text is in this answer and never again."""
    form = KeyForm(request.workspace, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        kind, label = form.cleaned_data["kind"], form.cleaned_data["label"]
        with transaction.atomic():
            user = User.objects.get(pk=request.member.user_id)
            token = create_key(request.workspace, kind, scopes=form.granted, label=label, created_by=user)
            record(request, "key.created", detail={"label": label, "kind": kind})
        # The guard has every page of a workspace answered with no-store.
        return render_page(request, "console/keys/made.html", token=token, label=label, kind=kind, crumbs=way_to_keys(request))
    return render_page(request, "console/keys/new.html", form=form, kinds=KINDS, crumbs=way_to_keys(request))


@member_page(Permission.MANAGE_KEYS, methods=("GET", "POST"))
def revoke(request: MemberRequest, key_id: int) -> HttpResponseBase:
    """End a key."""
    key = Key.objects.filter(workspace=request.workspace, pk=key_id, revoked_at=None).select_related("created_by").first()
    if key is None:
        raise Http404
    if request.method == "POST":
        with transaction.atomic():
            revoke_key(key)
            record(request, "key.revoked", detail={"label": key.label, "kind": key.kind})
        messages.success(
            request, _("The key “%s” is revoked: within a second nothing is accepted with it. The audit log says by whom.") % key.label
        )
        response = redirect("console-keys", request.workspace.pk)
        response.status_code = 303
        return response
    return render_page(request, "console/keys/revoke.html", key=describe_key(key))


def describe_key(key: Key) -> dict[str, Any]:
    """A key as pages show it."""
    kind = next((name for code, name, _says in KINDS if code == key.kind), key.kind)
    return {
        "pk": key.pk,
        "label": key.label,
        "kind": kind,
        "prefix": key.prefix,
        "may": [WORDS[scope] for scope in SCOPES if scope in key.scopes],
        "may_all": set(key.scopes) >= SERVER_KINDS["server"] and ACCOUNT not in key.scopes,
        "created_at": _ms(key.created_at),
        "created_by": key.created_by.email if key.created_by else "",
        "last_used_at": _ms(key.last_used_at),
        "revoked_at": _ms(key.revoked_at),
        "certificate": key.certificate,
        "takes_certificate": DSR in key.scopes or bool(key.certificate),
    }


def _ms(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1_000) if moment else None


def way_to_keys(request: MemberRequest) -> list[tuple[str, str]]:
    """Where a page about one key lies."""
    return [(_("Keys"), reverse("console-keys", args=[request.workspace.pk]))]
