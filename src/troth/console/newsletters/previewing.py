"""A newsletter as a real or made-up person would get it: shown while one types, told about, and sent to the member's own address."""

from __future__ import annotations

from django.http import HttpResponse

from troth.campaigns.draft_trials import DraftTrial, Written, is_outside, try_draft
from troth.campaigns.purpose_checking import Plan
from troth.console.access import MemberRequest, member_page
from troth.console.asking import is_number
from troth.console.newsletters.forms import posted_keys
from troth.console.trying import Look, SampleInvalid, read_sample, send_trial_of, show_trial, tell_trial
from troth.content.reading import Read
from troth.messages.channels.port import Medium
from troth.segments.models import Segment
from troth.workspaces.roles import Permission


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def preview(request: MemberRequest) -> HttpResponse:
    """The variant that is shown."""
    return show_trial(request, _try)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("POST",))
def about(request: MemberRequest) -> HttpResponse:
    """What is to be said beside it."""
    return tell_trial(request, "console/newsletters/about.html", _try, lambda trial, now: {"is_outside": is_outside(trial, now)})


def send_test(request: MemberRequest, newsletter_id: int) -> tuple[str, str]:
    """Send the variant that is shown to the member's own address: the tone and the words of what came of it."""
    look = Look("newsletter.test_sent", {"newsletter": newsletter_id or "new", "variant": _shown(request)})
    return send_trial_of(request, _try, look)


def _try(request: MemberRequest, now: int) -> DraftTrial:
    """The variant that is shown, as it stands in the form, whatever of that is not valid yet."""
    form, shown = request.POST, _shown(request)
    number = form.get("newsletter", "")
    look = Look("newsletter.previewed", {"newsletter": int(number) if is_number(number) else "new"})
    try:
        sample = read_sample(request, event="", look=look, now=now)
    except SampleInvalid as error:
        return DraftTrial(faults=[str(error)])
    inline = {part: form.get(f"{shown}-{part}", "") for part in ("subject", "html", "text")}
    written = Written(form.get("medium") or Medium.EMAIL, form.get(f"{shown}-template", ""), inline)
    segment_id = _segment_of(request)

    def make_plan(reads: list[Read]) -> Plan:
        return Plan(request.workspace.pk, form.get("purpose", ""), form.getlist("also_for"), "", None, reads, segment_id=segment_id)

    return try_draft(written, make_plan, sample, now, chooses=segment_id is not None)


def _shown(request: MemberRequest) -> str:
    """The variant that is looked at."""
    keys = posted_keys(request.POST)
    asked = request.POST.get("shown", "")
    return asked if asked in keys else keys[0]


def _segment_of(request: MemberRequest) -> int | None:
    chosen = request.POST.get("segment_id", "")
    if not is_number(chosen):
        return None
    return Segment.objects.filter(workspace_id=request.workspace.pk, pk=int(chosen)).values_list("pk", flat=True).first()
