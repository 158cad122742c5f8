"""The mail as a real or made-up person would get it: shown while one types, told about, and sent to the member's own address."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse

from troth.campaigns.draft_trials import DraftTrial, Written, is_triggered, try_draft
from troth.campaigns.editing import LONGEST_EVENT
from troth.campaigns.purpose_checking import Plan
from troth.campaigns.rules import read_rules, read_trigger
from troth.console.access import MemberRequest, member_page
from troth.console.asking import is_number
from troth.console.campaigns.forms import read_posted_conditions
from troth.console.campaigns.rules_form import RulesForm
from troth.console.trying import Look, SampleInvalid, read_sample, send_trial_of, show_trial, tell_trial
from troth.content.reading import Read
from troth.messages.channels.port import Medium
from troth.people.event_names import fold_event_name
from troth.workspaces.roles import Permission


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def preview(request: MemberRequest) -> HttpResponse:
    """What stands in the form."""
    return show_trial(request, _try)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def about(request: MemberRequest) -> HttpResponse:
    """What is to be said beside it."""
    return tell_trial(request, "console/campaigns/about.html", _try, lambda trial, now: {"is_triggered": is_triggered(trial)})


def send_test(request: MemberRequest, campaign_id: int) -> tuple[str, str]:
    """Send what stands in the form to the member's own address: the tone and the words of what came of it."""
    return send_trial_of(request, _try, Look("campaign.test_sent", {"campaign": campaign_id or "new"}))


def _try(request: MemberRequest, now: int) -> DraftTrial:
    """The form as it stands, whatever of it is not valid yet."""
    form = request.POST
    trigger = form.get("trigger_event", "")[:LONGEST_EVENT].replace("\0", "")
    number = form.get("campaign", "")
    look = Look("campaign.previewed", {"campaign": int(number) if is_number(number) else "new"})
    try:
        sample = read_sample(request, event=trigger, look=look, now=now)
    except SampleInvalid as error:
        return DraftTrial(faults=[str(error)])
    inline = {part: form.get(part, "") for part in ("subject", "html", "text")}
    written = Written(form.get("medium") or Medium.EMAIL, form.get("template_key", ""), inline)
    return try_draft(written, lambda reads: _plan(request, trigger, reads), sample, now)


def _plan(request: MemberRequest, trigger: str, reads: list[Read]) -> Plan:
    """What purpose checking looks at, of the form as it stands: the trigger and the rules, too. What is wrong with them is told at the form when it is saved."""
    form = request.POST
    conditions: dict[str, Any] | None = None
    with suppress(ValidationError):
        conditions = read_posted_conditions(form)
    course = RulesForm(request.workspace.pk, form)
    is_whole = course.is_valid()
    by_event = form.get("trigger_kind", "event") == "event"
    return Plan(
        workspace_id=request.workspace.pk,
        purpose=form.get("purpose", ""),
        also_for=form.getlist("also_for"),
        trigger_event=fold_event_name(trigger) if by_event else "",
        conditions=conditions if by_event else None,
        reads=reads,
        trigger=read_trigger(course.trigger) if is_whole else None,
        rules=read_rules(course.rules if is_whole else {}),
    )
