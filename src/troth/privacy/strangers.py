"""Entries of the erasure ledger about persons who are not in this database: written down all at once, for a restored one may have missed very many."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models

from troth.kernel.clock import MINUTE
from troth.kernel.ids import new_row_id
from troth.kernel.json_text import encode
from troth.kernel.sql import insert_rows
from troth.privacy.ledger_file import Entry
from troth.privacy.legal_clock import due_at
from troth.privacy.models import PrivacyRequest, RequestState, RequestStep, RequestType
from troth.privacy.outcomes import certify_answers
from troth.privacy.states import Act

LEDGER = "ledger"
TOGETHER = 500
QUARTER = 15 * MINUTE
_KEY = models.UUIDField()
_state = {"all_certified": False}


def record_strangers(entries: Sequence[Entry], now: int) -> None:
    """Record each as a request that is done. What the database already knows of an erasure is more than the ledger can tell, and stays."""
    for start in range(0, len(entries), TOGETHER):
        some = {uuid.UUID(entry.request): entry for entry in entries[start : start + TOGETHER]}
        for known in PrivacyRequest.objects.filter(pk__in=some):
            entry = some.pop(known.pk)
            if not known.deleted_at:
                known.state, known.deleted_at, known.closed_at, known.person_id = RequestState.DONE, now, now, None
                known.steps, known.certificate = _steps_of(entry), ""
                known.save()
        _insert(some, now)
    _state["all_certified"] = False


def _steps_of(entry: Entry) -> dict[str, Any]:
    return {"ledger_entry": entry.number, "records": {}, "searched_for": 0, "not_searched_for": []}


def _insert(entries: dict[uuid.UUID, Entry], now: int) -> None:
    """The requests with their one step."""
    request = PrivacyRequest(type=RequestType.ERASURE, source=LEDGER, state=RequestState.DONE, closed_at=now, deleted_at=now)
    step = RequestStep(at=now, act=Act.DELETE, door=LEDGER, state=RequestState.DONE)
    requests, steps = [], []
    for pk, entry in entries.items():
        key = _KEY.get_db_prep_save(pk, connection)
        about = {"workspace_id": entry.workspace, "received_at": entry.at, "due_at": _due_at(entry.at // QUARTER)}
        requests.append({"id": key, **about, "steps": encode(_steps_of(entry))})
        steps.append({"id": new_row_id(), "request_id": key, "workspace_id": entry.workspace})
    _insert_alike(request, requests)
    _insert_alike(step, steps)


def _insert_alike(model: models.Model, rows: Sequence[dict[str, Any]]) -> None:
    """Rows that differ from a model in a few columns, by plain SQL: the ORM takes five times as long."""
    fields = model._meta.local_concrete_fields
    same = {str(field.column): field.get_db_prep_save(getattr(model, field.attname), connection) for field in fields}
    statement = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({', '.join(same)})"
    insert_rows(statement, [tuple({**same, **row}.values()) for row in rows])


@lru_cache(maxsize=4096)
def _due_at(quarter: int) -> int:
    """The term of what came in a quarter of an hour: it ends with a day, and no zone is apart from another by less."""
    return due_at(quarter * QUARTER)


def certify_replayed(now: int) -> bool:
    """Worker duty: give those requests their certificates, which would have kept the start waiting; True while there are more."""
    if _state["all_certified"]:
        return False
    some = list(PrivacyRequest.objects.filter(source=LEDGER, certificate="", deleted_at__isnull=False)[:100])
    for request in some:
        certify_answers(request, now)
    _state["all_certified"] = not some
    return bool(some)
