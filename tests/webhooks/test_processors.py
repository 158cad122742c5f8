"""A webhook whose processor is not effective is told nothing; what waited is told once it is."""

from __future__ import annotations

from tests.webhooks.desk import Desk
from troth.privacy.processors.register import change_processor, register_processor


def test_a_webhook_tells_nothing_before_its_processor_is_effective(desk: Desk) -> None:
    webhook = desk.listen("user_created")
    own = register_processor(webhook.workspace_id, {"name": "CRM Ltd", "webhooks": [webhook.pk]}, in_use=False, now=desk.now)
    desk.person("1")
    assert desk.deliver() == []
    change_processor(own, {"location": "Ireland"}, window_days=0, now=desk.now)
    assert len(desk.deliver()) == 1
