"""Entries of the erasure ledger about persons who are not in this database: written down all at once, for a restored one may have missed very many."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

from django.db import connection, models

from troth.kernel.clock import MINUTE
from troth.kernel.ids import new_row_ids
from troth.kernel.json_text import encode
from troth.kernel.sql import insert_rows, is_sqlite, select_by_keys
from troth.privacy.erasure.outcomes import certify_answers
from troth.privacy.legal_clock import due_at
from troth.privacy.models import PrivacyRequest, RequestState, RequestStep, RequestType
from troth.privacy.states import Act
from troth.privacy.storage.ledger_file import Entry

LEDGER = "ledger"
TOGETHER = 2_000
QUARTER = 15 * MINUTE
KNOWN = "JOIN privacy_privacyrequest r ON r.id = k.column1"
_state = {"all_certified": False}


def record_strangers(entries: Sequence[Entry], now: int) -> None:
    """Record each as a request that is done. What the database already knows of an erasure is more than the ledger can tell, and stays."""
    key_of = _hex_of if is_sqlite() else uuid.UUID
    for start in range(0, len(entries), TOGETHER):
        some: dict[Any, Entry] = {key_of(entry.request): entry for entry in entries[start : start + TOGETHER]}
        for (key,) in list(select_by_keys("SELECT DISTINCT r.id", KNOWN, [(key,) for key in some], ("uuid",))):
            _record_known(some.pop(key), now)
        if some:
            _insert(some, now)
    _state["all_certified"] = False


def _hex_of(request_id: str) -> str:
    """A request's id as SQLite keeps it."""
    return request_id.replace("-", "")


def _record_known(entry: Entry, now: int) -> None:
    known = PrivacyRequest.objects.get(pk=entry.request)
    if not known.deleted_at:
        known.state, known.deleted_at, known.closed_at, known.person_id = RequestState.DONE, now, now, None
        known.steps, known.certificate = _steps_of(entry), ""
        known.save()


def _steps_of(entry: Entry) -> dict[str, Any]:
    return {"ledger_entry": entry.number, "records": {}, "searched_for": 0, "not_searched_for": []}


def _insert(entries: Mapping[Any, Entry], now: int) -> None:
    """The requests with their one step."""
    request = PrivacyRequest(type=RequestType.ERASURE, source=LEDGER, state=RequestState.DONE, closed_at=now, deleted_at=now)
    step = RequestStep(at=now, act=Act.DELETE, door=LEDGER, state=RequestState.DONE)
    requests, steps = [], []
    for step_id, (key, entry) in zip(new_row_ids(len(entries)), entries.items(), strict=True):
        about = {"workspace_id": entry.workspace, "received_at": entry.at, "due_at": _due_at(entry.at // QUARTER)}
        requests.append({"id": key, **about, "steps": encode(_steps_of(entry))})
        steps.append({"id": step_id, "request_id": key, "workspace_id": entry.workspace})
    _insert_alike(request, requests)
    _insert_alike(step, steps)


def _insert_alike(model: models.Model, rows: Sequence[dict[str, Any]]) -> None:
    """Rows that differ from a model in a few columns, by plain SQL: the ORM takes five times as long.

    What is NULL in all of them is left out, and members of enumerations are given as plain texts: SQLite's driver is slow at both.
    """
    fields = model._meta.local_concrete_fields
    values = {str(field.column): field.get_db_prep_save(getattr(model, field.attname), connection) for field in fields}
    same = {
        name: value.value if isinstance(value, Enum) else value for name, value in values.items() if value is not None or name in rows[0]
    }
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
