"""Under which name, and with which look, a workspace speaks to its people."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from troth.workspaces.branding import read_brand, shade
from troth.workspaces.models import Brand, Workspace


@dataclass(frozen=True)
class Sender:
    """Who speaks; as text, its name."""

    workspace_id: int
    name: str
    has_colour: bool = False
    logo_tag: str = ""
    privacy_url: str = ""
    imprint_url: str = ""

    def __str__(self) -> str:
        return self.name


def sender_of(workspace_id: int) -> Sender:
    """Who speaks on the pages of a workspace."""
    name = Workspace.objects.values_list("name", flat=True).filter(pk=workspace_id).first() or ""
    brand = Brand.objects.filter(workspace_id=workspace_id).defer("logo").first()
    if brand is None:
        return Sender(workspace_id, name)
    return Sender(workspace_id, name, bool(brand.accent), brand.logo_tag, brand.privacy_url, brand.imprint_url)


@require_safe
def brand_style(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """The workspace's colour as a style sheet."""
    accent = read_brand(workspace_id).accent
    style = render_to_string("pages/brand.css", {"shades": shade(accent)}) if accent else ""
    answer = HttpResponse(style, content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=60"
    return answer


@require_safe
def brand_logo(request: HttpRequest, workspace_id: int, tag: str) -> HttpResponse:
    """The workspace's logo; its address changes with it."""
    brand = read_brand(workspace_id)
    if brand.logo is None or brand.logo_tag != tag:
        return HttpResponse(status=404)
    answer = HttpResponse(bytes(brand.logo), content_type=brand.logo_type)
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
