"""Whether the clock of a breach runs out unseen."""

from __future__ import annotations

from troth.kernel.clock import HOUR
from troth.privacy.breaches.clock import HOURS, SOON
from troth.privacy.models import Breach


def check_breaches(now: int) -> tuple[bool, str]:
    """Trouble when the authority is to be told within a day, or should have been (Art. 33(1) GDPR). Over all workspaces; `now` in milliseconds."""
    running = Breach.objects.filter(closed_at=None, authority_told_at=None).exclude(decision="no_risk")
    over = running.filter(aware_at__lt=now - HOURS * HOUR).count()
    soon = running.filter(aware_at__lt=now - HOURS * HOUR + SOON).count() - over
    told = f"{running.count()} with a running clock, {over} past 72 hours"
    if over or soon:
        return False, f"{told}, {soon} in their last day: decide and tell the authority, in the console's room Breaches"
    return True, told
