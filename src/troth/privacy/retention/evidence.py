"""The schedule that every workspace has from the beginning: what proves a consent that ended goes when claims can be made of it no more.

Three years from the end of the year, as claims lapse in several laws (in Germany sections 195 and 199 of the civil code); where another law counts
otherwise the workspace changes it, for which the first run leaves it thirty days. Switched off it stays off; it cannot be deleted.
"""

from __future__ import annotations

from troth.kernel.clock import DAY
from troth.privacy.models import RetentionRule
from troth.privacy.retention.rules import YEAR_END
from troth.privacy.retention.stores import EVIDENCE, STORE
from troth.workspaces.models import Workspace

TITLE = "What proves consents that ended"
PERIOD = "P3Y"
FIRST_RUN = 30 * DAY
"""After it was made: what goes is gone, and whoever keeps it longer has to see the schedule first."""
AT_ONCE = 500


def make_evidence_schedules(now: int) -> bool:
    """Worker duty: give a schedule for the evidence of consents to each workspace that has none; True while there may be more."""
    have = RetentionRule.objects.filter(target=STORE, name=EVIDENCE).values("workspace_id")
    lacking = list(Workspace.objects.exclude(pk__in=have).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    RetentionRule.objects.bulk_create(
        RetentionRule(
            workspace_id=workspace_id,
            title=TITLE,
            target=STORE,
            name=EVIDENCE,
            trigger=YEAR_END,
            period=PERIOD,
            is_active=True,
            created_at=now,
            due_at=now + FIRST_RUN,
        )
        for workspace_id in lacking
    )
    return len(lacking) == AT_ONCE
