"""How the made-up persons of the proof of erasure come through campaigns: what they do leads to a mail with their words in it, which stays in the outbox."""

from __future__ import annotations

import time

from troth.campaigns.models import Campaign
from troth.campaigns.publishing import create_campaign, publish_campaign
from troth.privacy.proofs.own_ways import STEP
from troth.privacy.proofs.ways import SEEN_AFTER_S, Walk

NAME = "Proof"


def prepare(walk: Walk) -> None:
    """The campaign is there, and stays for the next proof."""
    if Campaign.objects.filter(workspace_id=walk.workspace_id, name=NAME, state="published").exists():
        return
    campaign = create_campaign(
        walk.workspace_id,
        name=NAME,
        trigger_event=STEP,
        purpose="service",
        subject="Proof for {{ person.email }}",
        html="<p>{{ person.word }} {{ event.properties.word }}</p>",
    )
    publish_campaign(campaign, now=walk.now)
    time.sleep(SEEN_AFTER_S)
