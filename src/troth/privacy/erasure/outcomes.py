"""Writing down what became of an erasure: the request's state, its certificate, and what is still to be searched for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from troth.kernel.clock import HOUR, MINUTE, iso
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.json_text import decode, encode
from troth.kernel.sql import is_sqlite
from troth.privacy.certificate import certify
from troth.privacy.downstream.acknowledgements import Acknowledged, read_acknowledgements, read_acknowledgements_of
from troth.privacy.erasure.deletion import Deleted
from troth.privacy.erasure.kept import name_of, tell_exempted
from troth.privacy.erasure.levels import Standing, state_levels
from troth.privacy.history import HOLD_ENDED, By, make_step, write_step, write_steps
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.models.compaction import Compaction
from troth.privacy.states import Act
from troth.privacy.storage.keyring import EpochKey, list_keys

SEAL = b"erasure-values/v1"
SHORTEST = 6
SHORTEST_NUMBER = 10
"""Figures turn up in amounts and times all over: as an identifier they must be longer to prove anything."""


def is_telling(value: str) -> bool:
    """Whether bytes that equal a value can be told from chance."""
    return len(value) >= (SHORTEST_NUMBER if value.isdigit() else SHORTEST)


class Honoured(NamedTuple):
    """A request for erasure whose persons were deleted, with the number of its entry in the ledger; `by` and `facts` are for its history."""

    request: PrivacyRequest
    deleted: Deleted
    ledger_number: int
    by: By | None = None
    facts: Mapping[str, Any] | None = None


def record_deletions(honoured: Sequence[Honoured], *, now: int, search_at: int | None = None) -> None:
    """The transaction that deletes calls this, when notices to recipients were opened: the requests become `deleted`, with certificates of level L1.

    The identifiers stay, encrypted, until the search for them has passed; the worker does it from `search_at` (now, unless somebody waits).
    """
    keys = list_keys() if is_sqlite() else []
    told = read_acknowledgements_of([one.request.id for one in honoured])
    for one in honoured:
        _take_in(one, now, now if search_at is None else search_at)
        request = one.request
        request.shred_due_at = _shred_due(keys, one.ledger_number) if one.deleted.persons else None
        request.certificate = certify(_claims(request, now, told[request.id]))
    PrivacyRequest.objects.bulk_create(
        [one.request for one in honoured], update_conflicts=True, unique_fields=["id"], update_fields=_all_but_the_key()
    )
    steps = [
        make_step(
            one.request.pk,
            one.request.workspace_id,
            one.request.state,
            Act.DELETE,
            one.by or By(one.request.source),
            now,
            {"ledger_entry": one.ledger_number, **(one.facts or {})},
        )
        for one in honoured
    ]
    write_steps(steps, now)


def _all_but_the_key() -> list[str]:
    return [field.name for field in PrivacyRequest._meta.local_concrete_fields if not field.primary_key]


def _take_in(one: Honoured, now: int, search_at: int) -> None:
    """What was deleted, into the request."""
    request, deleted = one.request, one.deleted
    values = [value for _, value in deleted.identifiers if is_telling(value)]
    request.person_id = None
    request.deleted_at = now
    request.steps = {
        "ledger_entry": one.ledger_number,
        "records": deleted.records,
        "searched_for": len(values),
        "not_searched_for": sorted(kind for kind, value in deleted.identifiers if not is_telling(value)),
    }
    if deleted.held:
        request.steps["exempted"] = tell_exempted(deleted.held)
    if not deleted.persons:
        request.state = RequestState.DONE
        request.closed_at = now
    else:
        request.state = RequestState.DELETED
        request.sealed = seal(SEAL, encode(values).encode(), request.id.bytes)
        # On PostgreSQL there is nothing to search before the tables were rebuilt (`compaction`).
        request.next_try_at = search_at if is_sqlite() else None
    request.tell_at = None
    request.code_digest = request.code_until = None


def sealed_values(request: PrivacyRequest) -> list[str]:
    """The identifiers that are still to be searched for."""
    opened = open_sealed(SEAL, bytes(request.sealed), request.id.bytes) if request.sealed is not None else None
    return list(decode(opened)) if opened is not None else []


def record_search(request: PrivacyRequest, search: dict[str, Any], *, passed: bool, now: int) -> None:
    """A search was done: `erased` when it passed, else `residue_found` and another try later (1 minute, doubling, 6 hours at most)."""
    request.attempts += 1
    request.steps = {**request.steps, "last_search": search}
    log_kept = "log" in request.steps.get("compaction", {}).get("lacks", {})
    if passed:
        request.steps["searched_at"] = now
        request.next_try_at = None
    if passed and log_kept:
        # Nothing in the tables; the server's log was not overwritten: the next compaction tries again.
        request.state = RequestState.DELETED
    elif passed:
        request.state = RequestState.ERASED
        request.closed_at = now
        request.sealed = None
    else:
        request.steps.pop("searched_at", None)
        request.state = RequestState.RESIDUE_FOUND
        request.next_try_at = now + min(6 * HOUR, MINUTE * 2 ** min(request.attempts, 10))
    request.certificate = certify(_claims(request, now))
    request.save()
    if not (passed and log_kept):
        write_step(request, Act.FIND_NOTHING if passed else Act.FIND_RESIDUE, By("worker"), now)


def record_compaction(request: PrivacyRequest, run: Compaction, now: int) -> None:
    """PostgreSQL's tables were rebuilt after the deletion, so far as they could be: now a search can prove it, or the certificate says why not."""
    request.steps = {**request.steps, "compaction": told_of(run, now)}
    request.next_try_at = None if {"tables", "statistics"} & run.lacks.keys() else now
    request.certificate = certify(_claims(request, now))
    request.save(update_fields=["steps", "next_try_at", "certificate"])


def told_of(run: Compaction, now: int) -> dict[str, Any]:
    """What is kept of a compaction with who waited for it."""
    return {"at": now, "tables": run.rebuilt, "segments": run.segments, "lacks": run.lacks}


def shred_due(ledger_number: int) -> int | None:
    """When the last key is destroyed under which a backup holds whom an entry of the ledger erased; None when there is no such key."""
    return _shred_due(list_keys(), ledger_number)


def _shred_due(keys: Sequence[EpochKey], ledger_number: int) -> int | None:
    return max((key.ends_at for key in keys if key.is_stale(ledger_number)), default=None)


def record_hold_ended(request: PrivacyRequest, items: Sequence[tuple[str, str, str]], *, ledger_number: int, now: int) -> None:
    """What a hold kept is erased too: a new certificate says what was kept until when, and what still is."""
    names = {name_of(*item) for item in items}
    exempted = request.steps.get("exempted", [])
    over = [{"item": one["item"], "ground": one["ground"], "erased_at": iso(now)} for one in exempted if one["item"] in names]
    request.steps = {
        **{key: value for key, value in request.steps.items() if key not in ("exempted", "unreadable_in_backups_since")},
        "ledger_entry": ledger_number,
        "exemptions_ended": [*request.steps.get("exemptions_ended", []), *over],
        **({"exempted": left} if (left := [one for one in exempted if one["item"] not in names]) else {}),
    }
    request.shred_due_at = shred_due(ledger_number) if is_sqlite() else None
    request.certificate = certify(_claims(request, now))
    request.save()
    write_step(request, HOLD_ENDED, By("worker"), now, facts={"items": sorted(names), "ledger_entry": ledger_number})


def certify_again(request: PrivacyRequest, now: int, *, unreadable_since: int) -> None:
    """The keys of all backups that held the person are destroyed: the certificate says so."""
    request.steps = {**request.steps, "unreadable_in_backups_since": unreadable_since}
    request.shred_due_at = None
    request.certificate = certify(_claims(request, now))
    request.save(update_fields=["steps", "shred_due_at", "certificate"])


def certify_answers(request: PrivacyRequest, now: int) -> None:
    """A recipient answered, or the request has no certificate yet: the new one says what is known."""
    request.certificate = certify(_claims(request, now))
    request.save(update_fields=["certificate"])


def certify_after_answers(request_ids: Sequence[UUID], now: int) -> None:
    """A later certificate for each of these requests that has one."""
    for request in PrivacyRequest.objects.select_for_update().filter(pk__in=request_ids).exclude(certificate=""):
        certify_answers(request, now)


def _claims(request: PrivacyRequest, now: int, told: Acknowledged | None = None) -> dict[str, Any]:
    """What its certificate says; `told` are its recipients, where they were read already."""
    erased = request.state == RequestState.ERASED
    deleted_at = request.deleted_at or now
    told = told or read_acknowledgements(request.id)
    compaction = request.steps.get("compaction", {})
    standing = Standing(
        deleted_at=deleted_at,
        searched_at=request.steps.get("searched_at", (request.closed_at or 0) if erased else 0),
        searchable=request.steps["searched_for"],
        embedded=is_sqlite(),
        exempted=len(request.steps.get("exempted", [])),
        compacted_at=compaction.get("at", 0),
        lacks=compaction.get("lacks", {}),
        shred_due_at=request.shred_due_at or 0,
        unreadable_since=request.steps.get("unreadable_in_backups_since", 0),
        recipients=len(told.recipients),
        acknowledged=told.done,
        refused=told.refused,
    )
    claims: dict[str, Any] = {
        "type": "erasure",
        "version": 1,
        "issuer": "troth",
        "request_id": str(request.id),
        "workspace_id": request.workspace_id,
        "state": str(request.state),
        "received_at": iso(request.received_at),
        "deleted_at": iso(deleted_at),
        "issued_at": iso(now),
        "records_deleted": request.steps["records"],
        "suppressed": "every identifier that nobody else holds, by keyed hash, so that the person stays erased",
        "levels": state_levels(standing),
    }
    if told.recipients:
        claims["recipients"] = told.recipients
    if told.sealed_until:
        claims["kept_for_recipients"] = (
            "the identifiers, encrypted, for recipients who could not be told yet; each copy is destroyed when its recipient has it,"
            f" and {iso(told.sealed_until)} at the latest"
        )
    for key in ("exempted", "exemptions_ended"):
        if items := request.steps.get(key):
            claims[key] = items
    if skipped := request.steps["not_searched_for"]:
        claims["not_searched_for"] = {"kinds": skipped, "reason": "too short to be told from chance"}
    if search := request.steps.get("last_search"):
        claims["search"] = search
    return claims
