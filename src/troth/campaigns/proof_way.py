"""How the made-up persons of the proof of erasure come through campaigns and newsletters: mails with their words in them, which stay in the outbox."""

from __future__ import annotations

import time

from django.db import transaction

from troth.campaigns.editing import create_campaign
from troth.campaigns.models import Campaign, Newsletter, NewsletterRun, RunState
from troth.campaigns.newsletters.editing import create_newsletter
from troth.campaigns.newsletters.gathering import gather_next
from troth.campaigns.newsletters.running import begin_due, start_newsletter
from troth.campaigns.publishing import publish_campaign
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.privacy.proofs.own_ways import SEGMENT, STEP
from troth.privacy.proofs.ways import SEEN_AFTER_S, Walk
from troth.segments.models import Segment

NAME = "Proof"
PATIENCE_S = 60.0


class NotGathered(TrothError):
    """The newsletter found nobody in time."""


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


def write_to_all(walk: Walk) -> None:
    """A newsletter to the segment that both are in. That of the proof before goes."""
    with transaction.atomic():
        NewsletterRun.objects.filter(workspace_id=walk.workspace_id).delete()
        Newsletter.objects.filter(workspace_id=walk.workspace_id).delete()
    mail = {"subject": "Proof for {{ person.email }}", "html": "<p>{{ person.word }}</p>"}
    fields = {
        "name": NAME,
        "purpose": "service",
        "segment_id": Segment.objects.get(workspace_id=walk.workspace_id, name=SEGMENT).pk,
        "variants": [{"key": "A", **mail}],
        "hold_minutes": 0,
    }
    start_newsletter(create_newsletter(walk.workspace_id, fields, now=now_ms()), now=now_ms())
    own = NewsletterRun.objects.filter(workspace_id=walk.workspace_id).exclude(state=RunState.GATHERING)
    deadline = time.monotonic() + PATIENCE_S
    while not own.exists():
        if time.monotonic() > deadline:
            raise NotGathered("The newsletter of the proof found nobody in time: does the worker lag?")
        begin_due(now_ms())
        gather_next(now_ms())
