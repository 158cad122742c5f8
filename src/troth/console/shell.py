"""What every page of the console stands in: navigation, workspace, member, the member's time zone and way of writing numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.core import UnknownLocaleError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

from troth.console.showing import Reader, writing_for
from troth.kernel.clock import now_ms
from troth.workspaces.models import Member, SendMode, User, Workspace
from troth.workspaces.roles import Permission

ZONE_COOKIE = "troth_zone"
"""Set by the console's script where a member has not chosen a zone."""
WORKSPACE_COOKIE = "troth_workspace"
"""The workspace last looked at."""
THEME_COOKIE = "troth_theme"
"""`light` or `dark`, set by the console's script; without it the page follows the system."""


class MemberRequest(HttpRequest):
    """A request of a member to a page of one workspace; `access.member_page` makes it."""

    workspace: Workspace
    member: Member
    may: frozenset[Permission]
    about: int
    """The person whom the audit log is to name where the address does not; 0: nobody."""
    detail: dict[str, Any]
    """What else it is to keep of the look: names and numbers."""
    shown: Collection[int] | None
    """Whom a list shows, so that a breach through this account counts persons; None: it is no list, or it is not known."""
    htmx: Any


@dataclass(frozen=True)
class Place:
    """An entry of the navigation."""

    label: str | Promise
    icon: str
    permission: Permission
    path: str = ""
    """Of its address below the workspace."""
    group: str | Promise = ""
    """What it stands under."""


_MESSAGES, _CONSENT, _RIGHTS, _WORKSPACE = _("Messages"), _("Consent"), _("Rights and duties"), _("Workspace")
NAVIGATION = (
    Place(_("Home"), "house", Permission.SEE_FIGURES),
    Place(_("People"), "users", Permission.SEE_PEOPLE, "people"),
    Place(_("Segments"), "list-filter", Permission.SEE_CAMPAIGNS, "segments", _MESSAGES),
    Place(_("Newsletters"), "newspaper", Permission.SEE_CAMPAIGNS, "newsletters", _MESSAGES),
    Place(_("Campaigns"), "megaphone", Permission.SEE_CAMPAIGNS, "campaigns", _MESSAGES),
    Place(_("Templates"), "layout-template", Permission.SEE_CAMPAIGNS, "templates", _MESSAGES),
    Place(_("Reports"), "chart-column", Permission.SEE_CAMPAIGNS, "reports", _MESSAGES),
    Place(_("Outbox"), "send", Permission.SEE_MESSAGES, "outbox", _MESSAGES),
    Place(_("Sending"), "gauge", Permission.SEE_FIGURES, "sending", _MESSAGES),
    Place(_("Purposes"), "target", Permission.SEE_PURPOSES, "purposes", _CONSENT),
    Place(_("Notices"), "file-text", Permission.SEE_NOTICES, "notices", _CONSENT),
    Place(_("Forms"), "clipboard-check", Permission.SEE_NOTICES, "forms", _CONSENT),
    Place(_("Consents"), "badge-check", Permission.SEE_CONSENTS, "consents", _CONSENT),
    Place(_("Preferences"), "sliders-horizontal", Permission.SEE_NOTICES, "preferences", _CONSENT),
    Place(_("Re-permission"), "mail-question-mark", Permission.SEE_PURPOSES, "repermission", _CONSENT),
    Place(_("Ledger"), "link-2", Permission.SEE_LEDGER, "ledger", _CONSENT),
    Place(_("Privacy desk"), "scale", Permission.SEE_PEOPLE, "desk", _RIGHTS),
    Place(_("Inventory"), "database", Permission.SEE_PURPOSES, "inventory", _RIGHTS),
    Place(_("Processors"), "handshake", Permission.SEE_REGISTERS, "processors", _RIGHTS),
    Place(_("Retention"), "hourglass", Permission.SEE_REGISTERS, "retention", _RIGHTS),
    Place(_("Record"), "book-text", Permission.SEE_REGISTERS, "record", _RIGHTS),
    Place(_("Breaches"), "shield-alert", Permission.SEE_REGISTERS, "breaches", _RIGHTS),
    Place(_("Proofs"), "search-check", Permission.SEE_REGISTERS, "proofs", _RIGHTS),
    Place(_("Agreements"), "handshake", Permission.SEE_REGISTERS, "agreements", _RIGHTS),
    Place(_("Readiness"), "list-checks", Permission.SEE_REGISTERS, "readiness", _RIGHTS),
    Place(_("Audit"), "scroll-text", Permission.SEE_AUDIT, "audit", _RIGHTS),
    Place(_("Channels"), "radio-tower", Permission.SEE_SETTINGS, "channels", _WORKSPACE),
    Place(_("Webhooks"), "webhook", Permission.SEE_SETTINGS, "webhooks", _WORKSPACE),
    Place(_("Live"), "activity", Permission.SEE_LIVE, "live", _WORKSPACE),
    Place(_("Settings"), "settings", Permission.SEE_SETTINGS, "settings", _WORKSPACE),
)


def render_page(request: MemberRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A whole page: `context` and what the shell shows."""
    shell = {
        "workspaces": list(Workspace.objects.filter(member__user=request.member.user_id).order_by("name")),
        "navigation": _navigation(request),
        "sending_is_held": request.workspace.send_mode == SendMode.OFF,
        "sending_is_redirected": request.workspace.send_mode == SendMode.TEST,
    }
    return _render(request, template, {**_always(request), **shell, **context}, status)


def render_fragment(request: MemberRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A part of a page, for htmx."""
    return _render(request, template, {**_always(request), **context}, status)


def render_alone(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page outside any workspace."""
    return _render(request, template, {**preferences(request), **context}, status)


def _render(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    with writing_for(Reader(zone=context["zone"], locale=context["locale"], now=now_ms())):
        return render(request, template, context, status=status)


def reader_of(request: HttpRequest) -> Reader:
    """For whom what answers a request is written."""
    chosen = preferences(request)
    return Reader(zone=chosen["zone"], locale=chosen["locale"], now=now_ms())


def _always(request: MemberRequest) -> dict[str, Any]:
    return {"workspace": request.workspace, "member": request.member, "may": permission_names(request.may), **preferences(request)}


def permission_names(may: frozenset[Permission]) -> Mapping[str, bool]:
    """What templates ask: `may.edit_people`."""
    return {permission.value: permission in may for permission in Permission}


def preferences(request: HttpRequest) -> dict[str, str]:
    """The zone, the locale and the theme in which a page is written: the member's choice, else the browser's, else UTC, English and the system's."""
    user = request.user
    chosen_zone, chosen_locale = (user.time_zone, user.locale) if isinstance(user, User) else ("", "")
    asked = parse_accept_lang_header(request.headers.get("accept-language", ""))
    zone = next((name for name in (chosen_zone, request.COOKIES.get(ZONE_COOKIE, "")) if name in _zones()), "UTC")
    wanted = [chosen_locale, *(language for language, _ in asked)]
    locale = next((known for name in wanted if (known := known_locale(name))), "en")
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {"zone": zone, "locale": locale, "theme": theme if theme in ("light", "dark") else ""}


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=256)
def known_locale(name: str) -> str:
    """A locale as Babel writes it, or nothing when it knows none of that name."""
    try:
        return str(Locale.parse(name.replace("-", "_"))) if 0 < len(name) <= 16 else ""
    except (ValueError, UnknownLocaleError):
        return ""


def _navigation(request: MemberRequest) -> list[dict[str, Any]]:
    rest = request.path.removeprefix(f"/console/{request.workspace.pk}/")
    here = rest.split("/", 1)[0]
    return [
        {"path": place.path, "label": place.label, "icon": place.icon, "group": place.group, "is_current": place.path == here}
        for place in NAVIGATION
        if place.permission in request.may
    ]
