"""Messages: one delivery to one person each, with its state and the decisions that led there, and what sending them needs to know."""

from __future__ import annotations

from troth.messages.models.controls import LimitSetting, SendControl, SendFence, SendLane
from troth.messages.models.feedback import DeliveryEvent, FetchCount, StoppedAddress, StopReason
from troth.messages.models.message import HAD, HANDED_OVER, PAUSED, UNDECIDED, Engaged, Engagement, Message, State
from troth.messages.models.ways import ConfiguredChannel, ReturnMailbox, SendingDomain

__all__ = [
    "HAD",
    "HANDED_OVER",
    "PAUSED",
    "UNDECIDED",
    "ConfiguredChannel",
    "DeliveryEvent",
    "Engaged",
    "Engagement",
    "FetchCount",
    "LimitSetting",
    "Message",
    "ReturnMailbox",
    "SendControl",
    "SendFence",
    "SendLane",
    "SendingDomain",
    "State",
    "StopReason",
    "StoppedAddress",
]
