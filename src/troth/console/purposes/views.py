"""The list of purposes, and one purpose as a person would read it."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.held import find_held, name_purpose
from troth.consent.models import LegalBasis, Standing
from troth.console.access import MemberRequest, member_page
from troth.console.purposes.reading import (
    NOBODY,
    count_permitted,
    count_stances,
    describe_purposes,
    get_purpose,
    read_belonging,
    read_history,
)
from troth.console.purposes.wording import ON_CHANGE, name_basis
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.spoken_durations import say_duration
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_PURPOSES)
def purposes(request: MemberRequest) -> HttpResponse:
    """All purposes of the workspace; the archived ones apart."""
    rows = describe_purposes(request.workspace.pk)
    return render_page(
        request,
        "console/purposes/purposes.html",
        rows=[row for row in rows if not row.purpose.archived],
        archived=[row for row in rows if row.purpose.archived],
    )


@member_page(Permission.SEE_PURPOSES)
def purpose(request: MemberRequest, purpose_key: str) -> HttpResponse:
    """One purpose: its terms, its versions, what belongs to it, and how many stand where."""
    own = get_purpose(request.workspace.pk, purpose_key)
    stances = count_stances(own.workspace_id)
    rests = own.legal_basis == LegalBasis.CONSENT and not own.archived
    return render_page(
        request,
        "console/purposes/purpose.html",
        purpose=own,
        crumbs=[(_("Purposes"), reverse("console-purposes", args=[own.workspace_id]))],
        basis=name_basis(own.legal_basis),
        retention=say_duration(own.retention),
        lasts=say_duration(own.consent_lasts),
        on_change=ON_CHANGE[own.on_change],
        descriptions=sorted(own.description.items()),
        granted=stances.get((own.key, Standing.GRANTED), NOBODY),
        refused=stances.get((own.key, Standing.REFUSED), NOBODY),
        counting=count_permitted(own.workspace_id, own.key, now_ms()) if rests else None,
        history=read_history(own.workspace_id, own.key),
        belonging=read_belonging(own.workspace_id, own.key),
        held=find_held(own.workspace_id, name_purpose(own.key)),
    )
