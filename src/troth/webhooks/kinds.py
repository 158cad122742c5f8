"""The types of news that a webhook can ask for: Vero's twelve, and Troth's own."""

from __future__ import annotations

from troth.consent.catalog import CLICK_TRACKING, OPEN_TRACKING
from troth.messages.news import Became

USER_CREATED, USER_UPDATED = "user_created", "user_updated"
UNSUBSCRIBED, RESUBSCRIBED = "unsubscribed", "resubscribed"
CONSENT_CHANGED, PERSON_ERASED, PERSON_MERGED = "consent.changed", "person.erased", "person.merged"
SEGMENT_ENTERED, SEGMENT_LEFT = "segment.entered", "segment.left"
REQUEST_RECEIVED = "request.received"
"""A person asked a processor, and the controller has to know (Art. 28(3)(e))."""
INSTRUCTION_CONTESTED, INSTRUCTION_SETTLED = "instruction.contested", "instruction.settled"
"""A processor holds an instruction to infringe the law, and what the controller said to it (Art. 28(3), last sentence)."""
ABOUT_NOBODY = frozenset({INSTRUCTION_CONTESTED, INSTRUCTION_SETTLED})
NOBODY = 0
"""Stands where a person does."""
MESSAGES = tuple(became.value for became in Became)
VERO = (
    *("sent", "delivered", "opened", "clicked", "failed", "bounced", "converted"),
    *(UNSUBSCRIBED, RESUBSCRIBED, "complained", USER_CREATED, USER_UPDATED),
)
OWN = (
    *(CONSENT_CHANGED, PERSON_ERASED, PERSON_MERGED, SEGMENT_ENTERED, SEGMENT_LEFT),
    *(REQUEST_RECEIVED, INSTRUCTION_CONTESTED, INSTRUCTION_SETTLED),
)
TYPES = (*VERO, *OWN)
TEST = "test"
"""What the test button sends; nobody asks for it."""
COLLECTED_FOR = {Became.OPENED.value: OPEN_TRACKING, Became.CLICKED.value: CLICK_TRACKING}
"""What was measured for a purpose of its own is handed on for that purpose, too."""
