"""Sending: claim what is due, ask the gate a last time, render, hand over, settle.

    queue.claim_due       service before marketing, the oldest first
    preparing.prepare     all facts of the batch, read set by set; the gate's verdicts
    judging.judge         what keeps a message from going now: expired, sending off, denied, …
    composing.compose     rendered on its person's data of that moment
    _hand_over            in threads: the gate once more where its answer is not fresh, then the channel
    queue.settle          what became of each, in one transaction

The gate is asked after the claim and immediately before the hand-over, so a withdrawal reaches what is already queued. A worker that dies in
between leaves `sending`, which becomes `unknown` for marketing.

A workspace may be in test mode: then the gate is asked as ever, and the mail goes to the tester's address. Where sending is off, what is due is
held, and queued again once it is on.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import structlog
from msgspec.structs import replace

from troth.content.errors import ContentError
from troth.kernel.clock import DAY, now_ms
from troth.messages.composing import Composed, compose
from troth.messages.delivering import NobodyTook, deliver
from troth.messages.errors import ChannelError
from troth.messages.feedback.gone import forget_gone
from troth.messages.judging import denied, judge, tell
from troth.messages.models import Message, State
from troth.messages.preparing import Prepared, ask_again, prepare
from troth.messages.queue import (
    MAX_ATTEMPTS,
    Claim,
    Settlement,
    claim_due,
    next_try,
    recover_abandoned,
    release,
    release_held,
    settle,
)

log = structlog.get_logger()
CLAIM = 64
RELEASED = 2_000
THREADS = 8
FRESH_MS = 100
"""A verdict older than this is asked for again before the hand-over."""
BODY_RETENTION = 30 * DAY


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="hand-over")


def send_due(now: int) -> bool:
    """Send one batch of due messages; True when there may be more."""
    claims = claim_due(now, CLAIM)
    if not claims:
        return False
    try:
        batch = prepare(claims, now)
    except Exception:
        # Nothing has left yet, so nothing is in doubt.
        release(claims)
        raise
    settlements = list(_pool().map(partial(_send_one, now=now), batch))
    settle(settlements, now_ms())
    forget_gone(settlements, now_ms())
    return len(claims) == CLAIM


def _send_one(prepared: Prepared, *, now: int) -> Settlement:
    """Judge, compose and hand over one message, and say what became of it; never raises."""
    settled = judge(prepared, now)
    if settled:
        return settled
    try:
        composed = compose(prepared, now_ms())
    except ContentError as error:
        return Settlement(claim=prepared.claim, state=State.FAILED, reason=f"template:{type(error).__name__}")
    moment = now_ms()
    if moment - prepared.asked_at > FRESH_MS:
        prepared = replace(prepared, verdicts=ask_again(prepared, moment), asked_at=moment)
        settled = denied(prepared, moment)
    return settled or _hand_over(prepared, composed)


def _hand_over(prepared: Prepared, composed: Composed) -> Settlement:
    claim, told = prepared.claim, tell([*prepared.verdicts, *prepared.measuring])
    try:
        delivered = deliver(prepared.routes, composed.outgoing)
    except ChannelError as error:
        return _after_failure(claim, error, told)
    except Exception as error:  # noqa: BLE001 -- whatever a channel does, the message is settled and the batch goes on
        log.error("channel_failed", channel=prepared.routes[0].channel.name, error=type(error).__name__)
        return _after_failure(claim, ChannelError("The channel failed.", permanent=False, doubtful=True), told)
    return Settlement(
        claim=claim,
        state=State.SENT,
        reason="test_mode" if composed.is_test else "",
        recipient=delivered.recipient,
        rendered=composed.rendered,
        decisions=told,
        provider_id=delivered.provider_id,
        gone=delivered.gone,
        measured=composed.measured,
    )


def _after_failure(claim: Claim, error: ChannelError, told: list[dict[str, Any]]) -> Settlement:
    """Permanent: failed. Doubtful: unknown for marketing, tried again for service. Temporary: tried again, up to a limit."""
    if error.permanent:
        lost = error.lost if isinstance(error, NobodyTook) else ()
        return Settlement(
            claim=claim, state=State.FAILED, reason="no_such_address" if lost else "refused_by_channel", decisions=told, gone=lost
        )
    if error.doubtful and claim.is_marketing:
        return Settlement(claim=claim, state=State.UNKNOWN, reason="answer_lost", decisions=told)
    if claim.attempts >= MAX_ATTEMPTS:
        return Settlement(claim=claim, state=State.FAILED, reason="gave_up", decisions=told)
    return Settlement(claim=claim, state=State.QUEUED, reason="channel_unavailable", due_at=next_try(claim.attempts, now_ms()))


def resume(now: int) -> bool:
    """Queue again what was held until sending was switched on."""
    return release_held(RELEASED) == RELEASED


def recover(now: int) -> bool:
    """Settle what dead workers left."""
    recovered = recover_abandoned(now)
    if recovered:
        log.warning("messages_recovered", number=recovered)
    return False


def forget_old_bodies(now: int) -> bool:
    """Remove the bodies of messages older than the retention; the figures stay."""
    Message.objects.filter(settled_at__lt=now - BODY_RETENTION, rendered__isnull=False).update(rendered=None, recipient="")
    return False
