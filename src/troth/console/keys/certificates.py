"""The client certificate that stands for a key at OpenDSR (mTLS): shown by its fingerprint, bound, and taken away again."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponseBase
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page
from troth.console.acting import act, go
from troth.console.keys.forms import CertificateForm
from troth.console.keys.views import describe_key, way_to_keys
from troth.console.shell import render_page
from troth.workspaces.client_certificates import bind_certificate
from troth.workspaces.models import Key
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_KEYS, methods=("GET", "POST"))
def certificate(request: MemberRequest, key_id: int) -> HttpResponseBase:
    """`do=remove` unbinds it; else the pasted certificate is bound."""
    key = Key.objects.filter(workspace=request.workspace, pk=key_id, revoked_at=None).select_related("created_by").first()
    shown = describe_key(key) if key else None
    if key is None or shown is None or not shown["takes_certificate"]:
        raise Http404
    if request.method == "POST" and request.POST.get("do") == "remove":
        return _bind(request, key, b"", _("The certificate is taken away: the key's text alone opens OpenDSR again."))
    form = CertificateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = _("The certificate stands for the key from now on: its text alone opens OpenDSR no more.")
        return _bind(request, key, form.cleaned_data["pem"].encode(), said)
    return render_page(
        request,
        "console/keys/certificate.html",
        key=shown,
        form=form,
        is_read=bool(settings.TROTH_CLIENT_CERTIFICATE_HEADER and settings.TROTH_TRUSTED_PROXIES),
        crumbs=way_to_keys(request),
    )


def _bind(request: MemberRequest, key: Key, pem: bytes, said: str) -> HttpResponseBase:
    detail: dict[str, object] = {"key": key.pk}

    def bind() -> None:
        detail["sha256"] = bind_certificate(key, pem)

    act(request, bind, action="key.bound", detail=detail, said=said)
    return go("console-key-certificate", request.workspace.pk, key.pk)
