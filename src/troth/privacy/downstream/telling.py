"""The worker's duty: recipients whose time has come are told, asked, or asked to forget what was asked, from threads; it never waits for an address."""

from __future__ import annotations

from functools import partial

import structlog
from django.db import connection, transaction

from troth.kernel.clock import MINUTE
from troth.kernel.errands import UnderWay
from troth.kernel.sql import has_rows
from troth.privacy.downstream.answering import note_outcome
from troth.privacy.downstream.sealing import Told, open_told
from troth.privacy.downstream.ways import Order, Outcome, authorization_of, find_carrier, way_of
from troth.privacy.models.disclosures import NoticeState, RecipientNotice

log = structlog.get_logger()
THREADS = 8
LEASE = 5 * MINUTE
"""Whoever has a notice in hand and does not say in this time what became of it has died: it is tried again."""
LONGEST_S = 240.0


class Teller:
    """What one process has under way."""

    def __init__(self) -> None:
        self._under_way: UnderWay[RecipientNotice, Outcome] = UnderWay("recipient", THREADS, LONGEST_S, Outcome(trouble="timed_out"))

    def tell_due(self, now: int) -> bool:
        """Write down what is done, and begin what is due; True when something was done."""
        done = self._settle_done(now)
        for order in _take_due(now, self._under_way.room):
            self._under_way.begin(order.notice, partial(_carry_out, order))
        return done

    def wait(self, seconds: float) -> None:
        """Wait until all that is under way is answered, or a while: for whoever must see the effects."""
        self._under_way.wait(seconds)

    def _settle_done(self, now: int) -> bool:
        settled = False
        for notice, outcome in self._under_way.take_done():
            note_outcome(notice.pk, outcome, now, attempts=notice.attempts)
            settled = True
        return settled


def _take_due(now: int, room: int) -> list[Order]:
    """Take what is due, the oldest first."""
    if room <= 0 or not has_rows("SELECT 1 FROM privacy_recipientnotice WHERE due_at <= %s LIMIT 1", [now]):
        return []
    with transaction.atomic():
        taken = list(RecipientNotice.objects.select_for_update(skip_locked=True).filter(due_at__lte=now).order_by("due_at")[:room])
        RecipientNotice.objects.filter(pk__in=[notice.pk for notice in taken]).update(due_at=now + LEASE)
        for notice in taken:
            if notice.told_at is None and (way := way_of(notice)[0]) != notice.way:
                notice.way = way
                notice.save(update_fields=["way"])
    return [_order(notice, now) for notice in taken]


def _order(notice: RecipientNotice, now: int) -> Order:
    way, own = way_of(notice)
    if notice.told_at is not None:
        way = notice.way  # whoever was told one way is asked the same way
    address = own.address if own and own.way == way else ""
    if way == "webhook" and not own:
        address = str(notice.recipient_id)
    return Order(
        notice=notice,
        way=way,
        address=address,
        domain=own.domain if own and own.way == way else "",
        authorization=authorization_of(own) if own and own.way == way else "",
        told=open_told(notice) or Told(),
        now=now,
    )


def _carry_out(order: Order) -> Outcome:
    """In a thread; never raises."""
    try:
        if not order.way or not order.address:
            return Outcome(state=NoticeState.BY_HAND if order.notice.state == NoticeState.WAITING else None, trouble="no_way")
        carrier = find_carrier(order.way)
        return {"tell": carrier.tell, "ask": carrier.ask, "cancel": carrier.cancel}[order.notice.task](order)
    except Exception as error:  # noqa: BLE001 -- whatever a recipient answers, the notice is settled and the others go on
        log.error("recipient_not_told", way=order.way, error=type(error).__name__)
        return Outcome(trouble=f"failed:{type(error).__name__}"[:40])
    finally:
        connection.close()


teller = Teller()
"""Of this process."""


def tell_due(now: int) -> bool:
    """The worker's duty: have this process's teller begin what is due, and note what came back. `now` in milliseconds."""
    return teller.tell_due(now)
