"""How the made-up persons of the proof of erasure come through webhooks: news of them waits for one that is paused, so that nothing leaves."""

from __future__ import annotations

import time

from troth.privacy.proofs.ways import SEEN_AFTER_S, Walk
from troth.webhooks.editing import create_webhook, revise_webhook
from troth.webhooks.models import Webhook

URL = "https://canary.invalid/"


def prepare(walk: Walk) -> None:
    """The webhook is there, and stays for the next proof."""
    if Webhook.objects.filter(workspace_id=walk.workspace_id).exists():
        return
    webhook, _secret = create_webhook(walk.workspace_id, url=URL, types=["user_created", "user_updated"], purpose="service", now=walk.now)
    revise_webhook(webhook, {"state": "paused"}, now=walk.now)
    time.sleep(SEEN_AFTER_S)
