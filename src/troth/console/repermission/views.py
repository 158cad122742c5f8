"""Who lacks a consent, person by person if asked; and one asking with its results."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.campaigns.repermission_figures import consent_purposes
from troth.consent.catalog import load_catalog
from troth.consent.lacking import MAY_BE_ASKED, Lack
from troth.console.access import MemberRequest, member_page
from troth.console.asking import keep, read_numbers
from troth.console.repermission.reading import (
    WORDS,
    find_asking,
    find_title,
    list_askings,
    read_lacking,
    read_progress,
    read_standings,
)
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_PURPOSES)
def overview(request: MemberRequest) -> HttpResponse:
    """Each purpose that rests on consent, and the askings."""
    now = now_ms()
    return render_page(
        request,
        "console/repermission/overview.html",
        standings=[read_standings(request.workspace.pk, rule, now) for rule in consent_purposes(request.workspace.pk)],
        askings=list_askings(request.workspace.pk),
    )


@member_page(Permission.SEE_PEOPLE, audit="people.list")
def lacking(request: MemberRequest, purpose_key: str) -> HttpResponse:
    """`?reason=&after=`: the persons who lack a consent for a reason."""
    rule = load_catalog(request.workspace.pk).purposes.get(purpose_key)
    if rule is None:
        raise Http404
    asked = request.GET
    reason = asked.get("reason", Lack.MISSING.value)
    lack = Lack(reason) if reason in MAY_BE_ASKED else Lack.MISSING
    rows, more = read_lacking(request.workspace.pk, rule, lack, now_ms(), read_numbers(asked.get("after", ""), 3))
    request.shown = [person_id for person_id, _name in rows]
    return render_page(
        request,
        "console/repermission/lacking.html",
        rule=rule,
        crumbs=[(_("Re-permission"), reverse("console-repermission", args=[request.workspace.pk]))],
        tabs=[(WORDS[one], f"?reason={one}", one == lack) for one in MAY_BE_ASKED],
        rows=rows,
        more=f"?{keep(asked, 'after', after='-'.join(map(str, more)))}" if more else "",
        newest=f"?{keep(asked, 'after')}" if asked.get("after") else "",
    )


@member_page(Permission.SEE_PURPOSES)
def asking(request: MemberRequest, asking_id: int) -> HttpResponse:
    """One asking: what is asked, how far it is, and the answers."""
    own = find_asking(request.workspace.pk, asking_id)
    catalog = load_catalog(own.workspace_id)
    rule, ground = catalog.rule(own.purpose), catalog.rule(own.ground)
    return render_page(
        request,
        "console/repermission/asking.html",
        asking=own,
        crumbs=[(_("Re-permission"), reverse("console-repermission", args=[own.workspace_id]))],
        purpose=rule.name if rule else own.purpose,
        ground=ground.name if ground else own.ground,
        notice=find_title(own.workspace_id, own.notice),
        progress=read_progress(own),
    )
