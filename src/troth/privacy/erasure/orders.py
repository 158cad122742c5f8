"""Deletions that came through a machine's door: confirmed ones are carried out, the others become requests that wait for confirmation."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import transaction

from troth.intake.models import DeletionOrder
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound
from troth.privacy.erasure.erasing import Erasure, erase_many
from troth.privacy.requests import ask_for_confirmation, find_awaiting

log = structlog.get_logger()
AT_ONCE = 100


def carry_out_orders(now: int) -> bool:
    """Worker duty: erase whom confirmed orders name, and record the unconfirmed; True when there may be more.

    It reads the orders of all buckets; the table holds only what is not yet done. One order that fails keeps no other waiting.
    """
    orders = list(DeletionOrder.objects.order_by("-confirmed", "at")[:AT_ONCE])
    failures = _erase([order for order in orders if order.confirmed], now)
    failures += [error for order in orders if not order.confirmed and (error := _try_to_ask(order))]
    if failures:
        raise failures[0]
    return len(orders) == AT_ONCE


def _erase(orders: Sequence[DeletionOrder], now: int) -> list[Exception]:
    """Returns why some could not be carried out."""
    failures = []
    waiting = find_awaiting([_subject_of(order) for order in orders])
    erasures = [
        Erasure(subjects=[_subject_of(order)], source=order.source, received_at=order.at, request=waiting.get(_subject_of(order)))
        for order in orders
    ]
    for order, outcome in zip(orders, erase_many(erasures, now=now), strict=True):
        if isinstance(outcome, PersonNotFound):
            _remove(order)
        elif isinstance(outcome, Exception):
            failures.append(_tell(order, outcome))
    return failures


def _try_to_ask(order: DeletionOrder) -> Exception | None:
    try:
        with transaction.atomic():
            ask_for_confirmation(_subject_of(order), source=order.source, received_at=order.at)
            _remove(order)
    except Exception as error:  # noqa: BLE001 -- raised by the caller when all had their turn
        return _tell(order, error)
    return None


def _tell(order: DeletionOrder, error: Exception) -> Exception:
    log.error("deletion_order_failed", person_id=order.person_id, error=type(error).__name__)
    return error


def _subject_of(order: DeletionOrder) -> Subject:
    return Subject(order.workspace_id, order.person_id)


def _remove(order: DeletionOrder) -> None:
    DeletionOrder.objects.filter(bucket=order.bucket, person_id=order.person_id, confirmed=order.confirmed).delete()
