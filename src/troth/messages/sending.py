"""Sending: claim what is due, ask the gate a last time, render, hand over, settle.

    queue.claim_due       service before marketing, the oldest first
    preparing.prepare     all facts of the batch, read set by set; the gate's verdicts
    judging.judge         what keeps a message from going now: expired, sending off, denied, …
    composing.compose     rendered on its person's data of that moment
    pacing.grant          what its ways have room for; the rest waits without a try lost
    _hand_over            in threads: the gate once more where its answer is not fresh, then the channel; a last look at the kill switch
                          immediately before the data, and a note that the message is about to leave (`senders.py`)
    queue.settle          what became of each, in one transaction

The gate is asked after the claim and immediately before the hand-over, so a withdrawal reaches what is already queued. A sender that dies in
between leaves `sending`: what it had not begun is queued again, what may have left becomes `unknown` for marketing.

A workspace may be in test mode: then the gate is asked as ever, and the mail goes to the tester's address. Where sending is off, what is due is
held, and queued again once it is on.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as replaced
from functools import lru_cache, partial
from typing import Any

import structlog
from django.db import DataError
from msgspec.structs import replace

from troth.content.errors import ContentError
from troth.kernel.clock import DAY, now_ms
from troth.messages.composing import Composed, compose
from troth.messages.controls import find_stop, look_at_controls
from troth.messages.delivering import EMBEDDED, NobodyTook, deliver
from troth.messages.errors import ChannelError, Stopped
from troth.messages.feedback.gone import forget_gone
from troth.messages.fencing import is_at_home
from troth.messages.judging import controlled, denied, judge_all, tell
from troth.messages.lanes import FIRST_BREAK
from troth.messages.models import Message, State
from troth.messages.pacing import NO_WAY, Answer, Key, grant, note_answers, watch
from troth.messages.preparing import Prepared, Volley, prepare
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
from troth.messages.senders import this_sender

log = structlog.get_logger()
CLAIM = 64
RELEASED = 2_000
THREADS = 8
VOLLEY = 2 * THREADS
"""What is handed over at once, and asked for again at once."""
FRESH_MS = 100
"""A verdict older than this is asked for again before the hand-over."""
BODY_RETENTION = 30 * DAY


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="hand-over")


_unsettled: list[Settlement] = []
"""What was handed over and is not written down yet: kept until the database takes it."""


def send_due(now: int, workspace_id: int | None = None) -> bool:
    """Send one batch of due messages, of one workspace or of all; True when there may be more."""
    _settle_rest()
    if not is_at_home(now):
        return False
    claims = claim_due(now, CLAIM, workspace_id)
    if not claims:
        return False
    try:
        judged = judge_all(prepare(claims, now), now)
        batch, waiting = grant([prepared for prepared, settled in judged if settled is None], now)
    except Exception:
        # Nothing has left yet, so nothing is in doubt.
        release(claims)
        raise
    _unsettled.extend(settled for _, settled in judged if settled)
    _unsettled.extend(waiting)
    answers: list[tuple[Key, Answer]] = []
    for start in range(0, len(batch), VOLLEY):
        some = batch[start : start + VOLLEY]
        _unsettled.extend(_pool().map(partial(_send_one, volley=Volley(some, FRESH_MS), answers=answers), some))
    _settle_rest()
    note_answers(answers, now)
    return len(claims) == CLAIM


def _settle_rest() -> None:
    if not _unsettled:
        return
    try:
        settle(_unsettled, now_ms())
    except DataError:
        # One of them holds what the database cannot keep, such as a NUL in a name. What became of each counts more than what it said.
        log.exception("bodies_not_kept", number=len(_unsettled))
        settle([replace(settlement, rendered=None) for settlement in _unsettled], now_ms())
    settled = list(_unsettled)
    _unsettled.clear()
    this_sender().forget()
    forget_gone(settled, now_ms())


class _LastLook:
    """What a channel calls immediately before a message leaves."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self.stopped: Settlement | None = None

    def check(self) -> Settlement | None:
        """What a stop makes of it."""
        claim = self._claim
        stop = find_stop(look_at_controls(), claim.subject.workspace_id, claim.source, is_marketing=claim.is_marketing)
        self.stopped = controlled(claim, stop) if stop else None
        return self.stopped

    def __call__(self) -> None:
        """Raise Stopped if it must not go any more; else note that it goes."""
        if self.check():
            raise Stopped
        this_sender().begin(self._claim.message_id)


def _send_one(prepared: Prepared, *, volley: Volley, answers: list[tuple[Key, Answer]]) -> Settlement:
    """Compose and hand over one message, and say what became of it; never raises. What the ways answered is added to `answers`."""
    try:
        composed = compose(prepared, now_ms())
    except ContentError as error:
        return Settlement(claim=prepared.claim, state=State.FAILED, reason=f"template:{type(error).__name__}")
    moment = now_ms()
    prepared = volley.refresh(prepared, moment)
    if refused := denied(prepared, moment):
        return refused
    own: list[tuple[Key, Answer]] = []
    settled = _hand_over(prepared, composed, own)
    answers.extend(own)
    if settled.state is State.QUEUED and own and all(answer is Answer.DOWN for _, answer in own):
        # Nobody could be reached, which is not the message's fault: it loses no try, and waits for a way to open.
        return replace(settled, reason=NO_WAY, due_at=now_ms() + FIRST_BREAK, is_attempt=False)
    return settled


def _hand_over(prepared: Prepared, composed: Composed, answers: list[tuple[Key, Answer]]) -> Settlement:
    claim, told = prepared.claim, tell([*prepared.verdicts, *prepared.measuring])
    look = _LastLook(claim)
    if stop := look.check():
        return stop
    try:
        delivered = deliver(watch(prepared, answers), [replaced(one, begin=look) for one in composed.outgoing])
    except ChannelError as error:
        if not error.doubtful:
            this_sender().answered(claim.message_id, taken=False)
        reached = error.reached if isinstance(error, NobodyTook) else ()
        return look.stopped or replace(_after_failure(claim, error, told), reached=reached)
    except Exception as error:  # noqa: BLE001 -- whatever a channel does, the message is settled and the batch goes on
        log.error("channel_failed", channel=prepared.routes[0].channel.name, error=type(error).__name__)
        doubt = _after_failure(claim, ChannelError("The channel failed.", permanent=False, doubtful=True), told)
        return replace(doubt, reached=tuple(route.channel_id for route in prepared.routes if route.channel.name != EMBEDDED))
    this_sender().answered(claim.message_id, taken=True)
    return Settlement(
        claim=claim,
        state=State.SENT,
        reason="test_mode" if composed.is_test else "",
        recipient=delivered.recipient,
        rendered=composed.rendered,
        decisions=told,
        provider_id=delivered.provider_id,
        gone=delivered.gone,
        reached=delivered.reached,
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


_resume_after = 0.0
SLOW_S, PAUSES = 1.0, 20


def resume(now: int) -> bool:
    """Queue again what was held until sending was switched on. Where very much is held, and stays so, it looks less often."""
    global _resume_after
    began = time.monotonic()
    if began < _resume_after:
        return False
    released = release_held(RELEASED)
    took = time.monotonic() - began
    _resume_after = began + PAUSES * took if not released and took > SLOW_S else 0.0
    return released == RELEASED


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
