"""Delivering: take what is due, ask the gate again, post it from threads, write down what became of it.

The worker's duty never waits for an address: it hands deliveries to threads, and looks a moment later which are done. An address has a few under
way at a time; one that fails again and again is left alone for a while (`kernel.backoff`), so that it holds up none of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

import structlog
from django.db import transaction

from troth.kernel.backoff import at_once, next_try, rest_until
from troth.kernel.errands import UnderWay
from troth.kernel.json_text import encode
from troth.privacy.disclosures.log import WEBHOOK, Went, note_disclosures
from troth.privacy.processors.register import why_held
from troth.webhooks.editing import secrets_of
from troth.webhooks.errors import WebhookInvalid
from troth.webhooks.listening import any_listeners, forget_listeners
from troth.webhooks.models import DeliveryState, Health, Webhook, WebhookState
from troth.webhooks.passing import NOTICE, count_withheld
from troth.webhooks.posting import GONE, Answer, Posting, post
from troth.webhooks.queue import Claim, Settled, give_back, settle, take_due, withdraw
from troth.webhooks.reading import read

log = structlog.get_logger()
THREADS = 64
AT_ONCE = 8
"""Under way to one address at a time."""
LONGEST_S = 40.0
"""A delivery that takes longer counts as failed, although its thread may still wait; the lease is longer than this."""


class Courier:
    """What one process has under way."""

    def __init__(self) -> None:
        self._under_way: UnderWay[Claim, Answer] = UnderWay("webhook", THREADS, LONGEST_S, Answer(0, "timed_out"))

    def deliver_due(self, now: int) -> bool:
        """Worker duty: write down what is done, and send what is due; True when something was done."""
        if not self._under_way and not any_listeners():
            return False
        done = self._settle_done(now)
        self._send_due(now)
        return done

    def wait(self, seconds: float) -> None:
        """Wait until all that is under way is answered, or a while: for whoever must see the effects."""
        self._under_way.wait(seconds)

    def _settle_done(self, now: int) -> bool:
        answers = list(self._under_way.take_done())
        if answers:
            _write_down(answers, now)
        return bool(answers)

    def _send_due(self, now: int) -> None:
        busy = Counter(claim.webhook_id for claim in self._under_way.in_threads())
        webhooks = {row.pk: row for row in Webhook.objects.filter(state=WebhookState.ON).select_related("health")}
        claims: list[Claim] = []
        for row in sorted(webhooks.values(), key=lambda row: busy[row.pk]):
            if why_held(row.workspace_id, "webhooks", row.pk, now):
                continue  # its deliveries wait, as those of one that is paused
            room = min(at_once(row.health.failures, AT_ONCE) - busy[row.pk], self._under_way.room - len(claims))
            if room > 0 and row.health.open_until <= now:
                claims += take_due(row.pk, now, room)
        if claims:
            self._send(claims, webhooks, now)

    def _send(self, claims: list[Claim], webhooks: Mapping[int, Webhook], now: int) -> None:
        try:
            found = read(claims, webhooks, now)
            keys = {number: tuple(secrets_of(webhooks[number], now)) for number in {claim.webhook_id for claim, _ in found.bodies}}
        except WebhookInvalid as error:
            log.error("webhook_unusable", error=str(error))
            return
        except Exception:
            give_back(claims, now)
            raise
        if found.denied:
            with transaction.atomic():
                withdraw(found.denied)
                count_withheld(found.withheld, now)
        for claim, body in found.bodies:
            person_id = 0 if claim.table == NOTICE else claim.subject.person_id
            posting = Posting(webhooks[claim.webhook_id].url, keys[claim.webhook_id], claim.name, person_id, encode(body).encode())
            self._under_way.begin(claim, partial(post, posting))


def _write_down(answers: list[tuple[Claim, Answer]], now: int) -> None:
    with transaction.atomic():
        settle((_settled(claim, answer, now) for claim, answer in answers), now)
        _disclose(answers, now)
        for webhook_id in sorted({claim.webhook_id for claim, _ in answers}):
            _note_health(webhook_id, [answer for claim, answer in answers if claim.webhook_id == webhook_id], now)


def _disclose(answers: list[tuple[Claim, Answer]], now: int) -> None:
    """Note who got data: whatever an address answered, and where no answer came in time, it has read what it was told."""
    read_by = [claim for claim, answer in answers if claim.table != NOTICE and (answer.status or answer.trouble == "timed_out")]
    webhooks = {row.pk: row for row in Webhook.objects.filter(pk__in={claim.webhook_id for claim in read_by})}
    note_disclosures(
        Went(claim.subject, WEBHOOK, claim.webhook_id, webhooks[claim.webhook_id].name, claim.type, webhooks[claim.webhook_id].purpose, now)
        for claim in read_by
        if claim.webhook_id in webhooks
    )


def _settled(claim: Claim, answer: Answer, now: int) -> Settled:
    if answer.is_taken:
        return Settled(claim=claim, state=DeliveryState.DELIVERED, status=answer.status)
    due_at = next_try(claim.attempts + 1, claim.delivery_id, now, answer.wait)
    # What was tried when its time was over is a dead letter; else there is one last try at that moment.
    is_over = now >= claim.retry_until and answer.status != GONE
    return Settled(
        claim=claim,
        state=DeliveryState.DEAD if is_over else DeliveryState.WAITING,
        due_at=min(due_at, max(now, claim.retry_until)),
        status=answer.status,
        trouble=answer.trouble,
    )


def _note_health(webhook_id: int, answers: list[Answer], now: int) -> None:
    """One that was taken shows that the address lives, whatever happened to others beside it."""
    last = answers[-1]
    health = Health.objects.select_for_update().filter(webhook_id=webhook_id).first()
    if health is None:
        return
    taken = any(answer.is_taken for answer in answers)
    health.failures = 0 if taken else min(health.failures + len(answers), 1_000)
    health.open_until = rest_until(health.failures, now)
    health.status, health.trouble, health.at = last.status, last.trouble, now
    if taken:
        health.taken_at = now
    health.save()
    if any(answer.status == GONE for answer in answers):
        Webhook.objects.filter(pk=webhook_id).update(state=WebhookState.OFF, off_because="gone", changed_at=now)
        transaction.on_commit(forget_listeners)
        log.warning("webhook_gone", webhook_id=webhook_id)


courier = Courier()
"""Of this process."""


def deliver_due(now: int) -> bool:
    """The worker's duty: have this process's courier begin what is due, and note what came back. `now` in milliseconds."""
    return courier.deliver_due(now)
