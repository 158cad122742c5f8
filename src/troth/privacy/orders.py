"""Deletions that came through a machine's door: confirmed ones are carried out, the others become requests that wait for confirmation."""

from __future__ import annotations

import structlog
from django.db import transaction

from troth.intake.models import DeletionOrder
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound
from troth.privacy.erasure import erase_people
from troth.privacy.requests import ask_for_confirmation, find_awaiting

log = structlog.get_logger()
AT_ONCE = 20


def carry_out_orders(now: int) -> bool:
    """Worker duty: erase whom confirmed orders name, and record the unconfirmed; True when there may be more.

    It reads the orders of all buckets; the table holds only what is not yet done.
    """
    orders = list(DeletionOrder.objects.order_by("-confirmed", "at")[:AT_ONCE])
    failures = [error for order in orders if (error := _try(order, now))]
    if failures:
        raise failures[0]
    return len(orders) == AT_ONCE


def _try(order: DeletionOrder, now: int) -> Exception | None:
    """One order that fails must not keep the others waiting."""
    try:
        _carry_out(order, now)
    except Exception as error:  # noqa: BLE001 -- raised by the caller when all had their turn
        log.error("deletion_order_failed", person_id=order.person_id, error=type(error).__name__)
        return error
    return None


def _carry_out(order: DeletionOrder, now: int) -> None:
    subject = Subject(order.workspace_id, order.person_id)
    if order.confirmed:
        try:
            erase_people([subject], now=now, source=order.source, received_at=order.at, request=find_awaiting(subject))
        except PersonNotFound:
            _remove(order)
        return
    with transaction.atomic():
        ask_for_confirmation(subject, source=order.source, received_at=order.at)
        _remove(order)


def _remove(order: DeletionOrder) -> None:
    DeletionOrder.objects.filter(bucket=order.bucket, person_id=order.person_id, confirmed=order.confirmed).delete()
