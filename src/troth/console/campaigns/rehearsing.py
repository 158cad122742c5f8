"""Rehearsing a campaign on the recorded past; nothing is sent or stored."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.translation import gettext as _

from troth.campaigns.publishing import find_faults
from troth.campaigns.rehearsal import WOULD, rehearse
from troth.campaigns.sentence import tell_campaign
from troth.campaigns.versions import rule_of_draft
from troth.console.access import MemberRequest, member_page, record
from troth.console.asking import is_number
from troth.console.campaigns.reading import find_campaign
from troth.console.naming import names_of
from troth.console.shell import render_page
from troth.kernel.clock import DAY, now_ms
from troth.workspaces.roles import Permission

SPANS = (7, 30, 90)


@member_page(Permission.SEE_CAMPAIGNS)
def rehearsal(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """`?days=`: without it the page only asks how far back."""
    own = find_campaign(request.workspace.pk, campaign_id)
    asked = request.GET.get("days", "")
    days = int(asked) if is_number(asked) and 0 < int(asked) <= max(SPANS) else 0
    faults = find_faults(own)
    told = rehearse(own, days=days, now=now_ms()) if days and not faults else None
    shows = Permission.SEE_PEOPLE in request.may
    names: Mapping[int, str] = {}
    if told:
        people = {sample.person_id for some in told.samples.values() for sample in some}
        names = names_of(own.workspace_id, people) if shows else {}
        record(request, "campaign.rehearsed", detail={"campaign": own.pk, "days": days, "showed": len(names)})
    outcomes = told.outcomes.most_common() if told else []
    return render_page(
        request,
        "console/campaigns/rehearsal.html",
        campaign=own,
        faults=faults,
        told=told,
        says="" if faults else tell_campaign(rule_of_draft(own)),
        days=days,
        spans=[(str(number), _("%(number)s days") % {"number": number}) for number in SPANS],
        rows=[
            (
                outcome == WOULD,
                outcome,
                number,
                [(one, names[one.person_id]) for one in (told.samples[outcome] if told else ()) if one.person_id in names],
            )
            for outcome, number in sorted(outcomes, key=lambda row: row[0] != WOULD)
        ],
        by_day=[(day * DAY, number) for day, number in sorted(told.by_day.items())] if told else [],
    )
