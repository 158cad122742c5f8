"""Trying a webhook: one made-up piece of news, posted at once and kept nowhere."""

from __future__ import annotations

from typing import Any

from troth.kernel.ids import new_row_id
from troth.kernel.json_text import encode
from troth.webhooks.editing import secrets_of
from troth.webhooks.kinds import (
    CONSENT_CHANGED,
    INSTRUCTION_CONTESTED,
    INSTRUCTION_SETTLED,
    MESSAGES,
    PERSON_MERGED,
    SEGMENT_ENTERED,
    SEGMENT_LEFT,
    TYPES,
    UNSUBSCRIBED,
    USER_UPDATED,
)
from troth.webhooks.models import Webhook
from troth.webhooks.posting import Answer, Posting, post
from troth.webhooks.shaping import Known, Mail, shape

NOBODY = 1
_KNOWN = Known(
    external_id="123",
    email="test@example.com",
    attributes={"first_name": "Test"},
    mail=Mail(
        message_id=1,
        source="campaign:1",
        campaign_id=1,
        kind="transactional",
        name="Test",
        channel="email",
        subject="Test",
        recipient="test@example.com",
        trigger_event="tested",
        variation=None,
        link="",
    ),
)
_SEGMENT = {"segment": {"id": "1", "name": "Test"}, "cause": "change"}
_CONTEST = {
    "contest_id": "1",
    "action": "campaign.published",
    "detail": {"campaign": 1, "name": "Test"},
    "reason": "Test",
    "waits": "campaign:1",
}
_FACTS: dict[str, dict[str, Any]] = {
    USER_UPDATED: {"changes": {"first_name": "Test"}, "add": ["test"], "remove": []},
    UNSUBSCRIBED: {"purposes": ["marketing_email"]},
    CONSENT_CHANGED: {"purpose": "marketing_email", "decision": "withdraw", "standing": "refused"},
    PERSON_MERGED: {"merged_id": "2"},
    SEGMENT_ENTERED: _SEGMENT,
    SEGMENT_LEFT: _SEGMENT,
    INSTRUCTION_CONTESTED: _CONTEST,
    INSTRUCTION_SETTLED: {**_CONTEST, "outcome": "confirmed", "said": "Test"},
}


def try_webhook(webhook: Webhook, now: int, *, type_: str = "") -> Answer:
    """Post a made-up person's news of a type, by default the first that it asks for. Its `webhook-id` begins with `msg_test_`."""
    chosen = type_ if type_ in TYPES else webhook.types[0]
    facts = _FACTS.get(chosen, {})
    known = _KNOWN if chosen in MESSAGES or "user" in chosen else Known(external_id="123", email="test@example.com")
    body = encode(shape(webhook.format, chosen, NOBODY, now, facts, known)).encode()
    return post(Posting(webhook.url, tuple(secrets_of(webhook, now)), f"msg_test_{new_row_id()}", NOBODY, body))
