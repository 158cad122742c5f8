"""Rehearsing a newsletter: what sending it would come to; nothing is sent or stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.http import HttpResponse
from django.utils.translation import gettext as _

from troth.campaigns.newsletter_rehearsal import WOULD, Rehearsal, Sample, rehearse_newsletter
from troth.campaigns.newsletters.drawing import WAITS
from troth.campaigns.newsletters.editing import find_faults
from troth.console.access import MemberRequest, member_page, record
from troth.console.naming import names_of
from troth.console.newsletters.reading import find_newsletter, name_segment, show_schedule
from troth.console.shell import render_page
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.workspaces.roles import Permission

MOST_HOURS = 48
"""Lines of hours; of more, days are told."""


@member_page(Permission.SEE_CAMPAIGNS)
def rehearsal(request: MemberRequest, newsletter_id: int) -> HttpResponse:
    """`?rehearse=yes`: without it the page only says what it would do."""
    own = find_newsletter(request.workspace.pk, newsletter_id)
    faults = find_faults(own)
    told = rehearse_newsletter(own, now=now_ms()) if request.GET.get("rehearse") == "yes" and not faults else None
    names: Mapping[int, str] = {}
    if told:
        if Permission.SEE_PEOPLE in request.may:
            names = names_of(own.workspace_id, {one.person_id for some in told.samples.values() for one in some})
        record(request, "newsletter.rehearsed", detail={"newsletter": own.pk, "showed": len(names)})
    return render_page(
        request,
        "console/newsletters/rehearsal.html",
        newsletter=own,
        faults=faults,
        told=told,
        to=name_segment(own),
        schedule=show_schedule(own.schedule),
        rows=_tell_outcomes(told, names) if told else [],
        variants=_tell_variants(told) if told and len(told.variants) > 1 else [],
        times=_tell_times(told) if told else [],
        by_day=told is not None and len(told.by_hour) > MOST_HOURS,
    )


def _tell_outcomes(told: Rehearsal, names: Mapping[int, str]) -> list[tuple[bool, str, int, float, Sequence[tuple[Sample, str]]]]:
    """What is sent first, then the reasons, the most frequent first: number, per cent, and persons with their names."""
    return [
        (
            outcome == WOULD,
            outcome,
            number,
            100 * number / told.looked_at,
            [(one, names[one.person_id]) for one in told.samples[outcome] if one.person_id in names],
        )
        for outcome, number in sorted(told.outcomes.most_common(), key=lambda row: row[0] != WOULD)
    ]


def _tell_variants(told: Rehearsal) -> list[tuple[str, int, float]]:
    return [
        (_("the better one, once it is known") if key == WAITS else key, number, 100 * number / told.would)
        for key, number in sorted(told.variants.items(), key=lambda row: (row[0] == WAITS, row[0]))
    ]


def _tell_times(told: Rehearsal) -> list[tuple[int, int]]:
    """Moments, each with how many would go out from then on: hours, or days where these are too many."""
    step = DAY if len(told.by_hour) > MOST_HOURS else HOUR
    found: dict[int, int] = {}
    for hour, number in sorted(told.by_hour.items()):
        at = hour * HOUR // step * step
        found[at] = found.get(at, 0) + number
    return list(found.items())
