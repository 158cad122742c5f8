"""Why somebody has the variant that they have: drawn, waited for, or held out. The same pure draw that chose it, told in words."""

from __future__ import annotations

from troth.campaigns.models import NewsletterRun
from troth.campaigns.newsletters.drawing import HELD_OUT, WAITS, assign
from troth.campaigns.newsletters.plan import RunPlan, read_plan
from troth.kernel.speech import ENGLISH, Speech

DECIDED = {
    "significance": "it did better, which chance would seldom do",
    "highest": "it had the highest rate",
    "hand": "a member chose it",
    "nothing": "no difference could be told, so the first one goes out",
}


def tell_variant(workspace_id: int, run_id: int, person_id: int, say: Speech = ENGLISH) -> str:
    """In a sentence; empty where there was nothing to choose between, or nothing to get."""
    run = NewsletterRun.objects.filter(workspace_id=workspace_id, pk=run_id).first()
    if run is None:
        return ""
    plan = read_plan(run.plan)
    tested = plan.test.share if plan.test else None
    drawn = assign(
        newsletter_id=run.newsletter_id,
        run_id=run.pk,
        person_id=person_id,
        shares=plan.variants,
        holdout=plan.holdout,
        tested=tested,
    )
    if drawn == HELD_OUT or len(plan.variants) < 2:
        return ""
    if drawn == WAITS:
        return _tell_waiting(run, plan, say)
    part = next(share.part for share in plan.variants if share.key == drawn)
    facts = {"variant": drawn, "part": part, "whole": sum(share.part for share in plan.variants)}
    if tested is None:
        return say("Variant {variant} was drawn for them: {part} of {whole} parts.", **facts)
    return say("Variant {variant} was drawn for them among the {share} % who try them: {part} of {whole} parts.", share=tested, **facts)


def _tell_waiting(run: NewsletterRun, plan: RunPlan, say: Speech) -> str:
    if not run.winner:
        tested = plan.test.share if plan.test else 0
        return say("They were drawn to wait for the better variant, which {share} % of people try first.", share=tested)
    why = say(DECIDED.get(run.decided_by, run.decided_by))
    return say("They were drawn to wait for the better variant: {variant}, for {reason}.", variant=run.winner, reason=why)
