"""What keeps a claimed message from going out now: one step after the other, the first that objects says what becomes of it.

A step is a function of the prepared message and the moment; it returns a settlement, or None when it has nothing against the message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from troth.consent.gate import Verdict
from troth.kernel.json_text import decode, encode
from troth.messages.addressing import KIND_OF, addresses_of
from troth.messages.channels.port import Medium
from troth.messages.controls import CANCELLED, Control
from troth.messages.limiting import Stop, find_stops
from troth.messages.models import State
from troth.messages.preparing import Prepared, may_send
from troth.messages.queue import Claim, Settlement

Step = Callable[[Prepared, int], Settlement | None]

SENDING_OFF = "sending_off"
EXPIRED = "expired"


def judge(prepared: Prepared, now: int, steps: Sequence[Step] | None = None) -> Settlement | None:
    """What becomes of a message that does not go out now; None for one that does. `now` in milliseconds."""
    return next((settled for step in (STEPS if steps is None else steps) if (settled := step(prepared, now))), None)


def tell(verdicts: list[Verdict]) -> list[dict[str, object]]:
    """Verdicts as they are stored."""
    return [
        {"allow": v.allow, "purpose": v.purpose, "operation": v.operation, "at": v.at, "basis": v.basis, "reason": v.reason}
        for v in verdicts
    ]


def _expired(prepared: Prepared, now: int) -> Settlement | None:
    """What comes too late is not sent at all: a message may say until when it makes sense (row D12)."""
    until = prepared.claim.expires_at
    return None if until is None or now < until else Settlement(claim=prepared.claim, state=State.SKIPPED, reason=EXPIRED)


def _controlled(prepared: Prepared, now: int) -> Settlement | None:
    return controlled(prepared.claim, prepared.control) if prepared.control else None


def controlled(claim: Claim, stop: Control) -> Settlement:
    """What a stop makes of a message: it is held until it may go on, or cancelled with its source."""
    if stop.why == CANCELLED:
        return Settlement(claim=claim, state=State.CANCELLED, reason=CANCELLED, is_attempt=False)
    return Settlement(claim=claim, state=State.HELD, reason=f"stopped:{stop.why}", is_attempt=False)


def _sending_off(prepared: Prepared, now: int) -> Settlement | None:
    if may_send(prepared.workspace):
        return None
    return Settlement(claim=prepared.claim, state=State.HELD, reason=SENDING_OFF, is_attempt=False)


def _template_missing(prepared: Prepared, now: int) -> Settlement | None:
    return None if prepared.template else Settlement(claim=prepared.claim, state=State.FAILED, reason="template_missing")


def _no_address(prepared: Prepared, now: int) -> Settlement | None:
    return None if addresses_of(prepared) else Settlement(claim=prepared.claim, state=State.SKIPPED, reason="no_address")


def _stopped(prepared: Prepared, now: int) -> Settlement | None:
    """The address does not exist, or its owner complained; service mail stops there too."""
    reason = prepared.stopped.get(KIND_OF.get(Medium(prepared.claim.channel), ""))
    return Settlement(claim=prepared.claim, state=State.SKIPPED, reason=f"address_stopped:{reason}") if reason else None


def _no_channel(prepared: Prepared, now: int) -> Settlement | None:
    return None if prepared.routes else Settlement(claim=prepared.claim, state=State.SKIPPED, reason="no_channel")


def denied(prepared: Prepared, now: int) -> Settlement | None:
    """The gate's refusal, with all it said."""
    refusal = next((verdict for verdict in prepared.verdicts if not verdict.allow), None)
    if refusal is None:
        return None
    told = tell([*prepared.verdicts, *prepared.measuring])
    return Settlement(claim=prepared.claim, state=State.SKIPPED, reason=f"{refusal.purpose}:{refusal.reason}", decisions=told)


def judge_all(batch: Sequence[Prepared], now: int, steps: Sequence[Step] | None = None) -> list[tuple[Prepared, Settlement | None]]:
    """As `judge` for a batch, and at last the limits, of what nothing else keeps: what does not go takes no room from what does."""
    judged = [(prepared, judge(prepared, now, steps)) for prepared in batch]
    free = [prepared for prepared, settled in judged if settled is None]
    kept = {prepared.claim.message_id for prepared, settled in judged if settled is not None}
    topics = {one.claim.template_id: one.template.topic for one in free if one.template}
    stops = find_stops([one.claim for one in free], {one.claim.subject.person_id: one.handles for one in free}, now, kept, topics)
    return [
        (prepared, _limited(prepared, stop) if (stop := stops.get(prepared.claim.message_id)) else settled) for prepared, settled in judged
    ]


def _limited(prepared: Prepared, stop: Stop) -> Settlement:
    """What happened meanwhile, hours, an address that had it already, caps: put off until a moment, or skipped."""
    said = stop.decision
    told = decode(encode([said])) if said else []
    if stop.until:
        reason = said.purpose if said else ""
        return Settlement(claim=prepared.claim, state=State.QUEUED, reason=reason, due_at=stop.until, decisions=told, is_attempt=False)
    return Settlement(claim=prepared.claim, state=State.SKIPPED, reason=said.reason_of_message if said else "", decisions=told)


STEPS: tuple[Step, ...] = (
    _expired,
    _controlled,
    _sending_off,
    _template_missing,
    _no_channel,
    _no_address,
    _stopped,
    denied,
)
"""In this order. What only delays comes before what ends a message, but for what is too late anyway."""
PERSONAL: tuple[Step, ...] = (_expired, _no_channel, _no_address, _stopped, denied)
"""Those of them that tell persons apart: what a rehearsal asks, to which it is no matter that sending is off or stopped."""
