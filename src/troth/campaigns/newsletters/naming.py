"""What people call the newsletter that made a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.campaigns.models import NewsletterRun
from troth.campaigns.newsletters.plan import read_plan
from troth.messages.sources import Described, Sent


def describe(asked: Iterable[Sent]) -> Mapping[Sent, Described]:
    """Newsletters by the name they had when they went out, and which of their variants it was."""
    wanted = list(asked)
    plans = {run.pk: read_plan(run.plan) for run in NewsletterRun.objects.filter(pk__in={run_id for _, run_id, _ in wanted})}
    found = {}
    for sent in wanted:
        plan = plans.get(sent[1])
        if plan:
            variant = next((key for key, template_id in plan.templates.items() if template_id == sent[2]), None)
            found[sent] = Described(name=plan.name, variation=f"Variation {variant}" if variant and len(plan.shares) > 1 else None)
    return found
