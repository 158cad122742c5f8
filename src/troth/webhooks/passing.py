"""Passing news on: for each webhook that asks for it the gate is asked, and a delivery written, in the transaction that made the news.

Whoever the gate denies is withheld and counted. Withdrawals, complaints and erasures are always passed on (Art. 19): what somebody is to be told
who has the data already is no new use of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from troth.consent.decisions import load_all_facts
from troth.consent.gate import Facts, Operation, decide
from troth.kernel.clock import DAY, HOUR
from troth.kernel.ids import new_row_ids
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows
from troth.webhooks.kinds import COLLECTED_FOR
from troth.webhooks.listening import Listener, find_listeners
from troth.webhooks.models import DeliveryState

RETRIED = 72 * HOUR
"""So long a delivery is tried."""
COLUMNS = (
    "(bucket, person_id, delivery_id, workspace_id, webhook_id, type, at, facts, ungated, state, attempts, due_at, retry_until, created_at,"
    " settled_at, status, trouble)"
)
DELIVERY, NOTICE = "webhooks_delivery", "webhooks_erasurenotice"
FactsOf = Mapping[tuple[int, str, int], Facts]


class News(NamedTuple):
    """One thing that happened to one person."""

    type: str
    subject: Subject
    at: int
    facts: Mapping[str, Any] = {}
    purposes: tuple[str, ...] = ()
    """Beside the webhook's: what the gate is asked about as well."""
    ungated: bool = False


def pass_on(news: Iterable[News], now: int) -> None:
    """Write a delivery of each piece of news for each webhook that asks for it and may have it; inside the caller's transaction."""
    wanted = [(one, listener) for one in news for listener in find_listeners(one.subject.workspace_id, one.type)]
    if not wanted:
        return
    facts = load_all_facts(
        (one.subject.workspace_id, purpose, one.subject.person_id)
        for one, listener in wanted
        for purpose in purposes_of(one.type, listener.purpose, one.purposes)
    )
    permitted = []
    withheld: Counter[tuple[int, str, str]] = Counter()
    for one, listener in wanted:
        reason = reason_to_withhold(facts, one.subject, purposes_of(one.type, listener.purpose, one.purposes), now, ungated=one.ungated)
        if reason:
            withheld[listener.webhook_id, one.type, reason] += 1
        else:
            permitted.append((one, listener))
    write(DELIVERY, permitted, now)
    count_withheld(withheld, now)


def purposes_of(type_: str, purpose: str, more: Iterable[str] = ()) -> tuple[str, ...]:
    """All that the gate is asked about before news is handed on."""
    return tuple(dict.fromkeys((purpose, *((COLLECTED_FOR[type_],) if type_ in COLLECTED_FOR else ()), *more)))


def reason_to_withhold(facts: FactsOf, subject: Subject, purposes: Iterable[str], now: int, *, ungated: bool) -> str:
    """Why news may not be handed on, as `PURPOSE:REASON`; empty when it may. Of somebody who is being erased nothing is, whatever it is."""
    for purpose in purposes:
        found = facts[subject.workspace_id, purpose, subject.person_id]
        verdict = decide(found, purpose=purpose, operation=Operation.TRANSFER, at=now)
        if not verdict.allow and not (ungated and not found.being_erased):
            return f"{purpose}:{verdict.reason}"
    return ""


def write(table: str, permitted: Sequence[tuple[News, Listener]], now: int) -> None:
    """Rows of deliveries, in the order of the news."""
    if not permitted:
        return
    ids = new_row_ids(len(permitted))
    insert_rows(
        f"INSERT INTO {table} {COLUMNS}",
        [
            (
                one.subject.bucket,
                one.subject.person_id,
                delivery_id,
                one.subject.workspace_id,
                listener.webhook_id,
                one.type,
                one.at,
                encode({**one.facts, **({"purposes_asked": one.purposes} if one.purposes else {})}),
                one.ungated,
                DeliveryState.WAITING.value,
                0,
                now,
                now + RETRIED,
                now,
                None,
                0,
                "",
            )
            for delivery_id, (one, listener) in zip(ids, permitted, strict=True)
        ],
    )


def count_withheld(withheld: Mapping[tuple[int, str, str], int], now: int) -> None:
    """By webhook, day, type and reason; without any person."""
    insert_rows(
        "INSERT INTO webhooks_withheld (webhook_id, day, type, reason, times)",
        [(webhook_id, now // DAY, type_, reason, times) for (webhook_id, type_, reason), times in sorted(withheld.items())],
        "ON CONFLICT (webhook_id, day, type, reason) DO UPDATE SET times = webhooks_withheld.times + excluded.times",
    )
