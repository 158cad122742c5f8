"""What decided about a message beside the gate: the trigger, a segment, what happened meanwhile, caps, hours. Stored in one list with its verdicts."""

from __future__ import annotations

from typing import Any

import msgspec

TRIGGER = "trigger"
UNLESS = "unless"
SEGMENT = "segment"
DATE = "date"
CAP = "cap"
HOURS = "hours"
QUIET_HOURS = "quiet_hours"
EXPIRED = "expired"
ADDRESS = "address"
HOLDOUT = "holdout"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain; it has the fields of a `Verdict`, so that whoever reads the list need not tell them apart."""

    allow: bool
    purpose: str
    """What decided: one of the names above."""
    operation: str
    """When: `choose` as the message was made, `hand_over` as it was due."""
    at: int
    basis: str = ""
    reason: str = ""
    told: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    """The facts it was decided on; nothing about other persons."""

    @property
    def reason_of_message(self) -> str:
        """What stands in the message as its reason, e.g. `cap:topic`."""
        return f"{self.purpose}:{self.reason}"[:100] if self.reason else self.purpose
