"""Erasure (Art. 17): deleted when the transaction commits, erased when a scan of every byte Troth keeps finds nothing.

The order makes a crash harmless: first the ledger (a replay at the next start completes what was begun), then one transaction that suppresses,
withdraws and deletes from every declared store, then the scan, which is repeated until it passes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import transaction

from troth.consent.suppression import suppression_tags
from troth.intake.deletion import withdraw_from_processing
from troth.intake.models import DeletionOrder
from troth.kernel.clock import MINUTE, iso, now_ms
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.json_text import decode, encode
from troth.kernel.personal_data import Subject, erase_everywhere
from troth.kernel.sql import is_sqlite
from troth.people.identifiers import Handle
from troth.people.lookup import PersonNotFound, find_people
from troth.people.models import Person
from troth.people.queries import find_holders, load_identifiers
from troth.privacy.backups import last_backup_expiry
from troth.privacy.certificate import sign
from troth.privacy.ledger import append_entry, mark_applied
from troth.privacy.legal_clock import add_months
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.residue import Findings, look_for_residue

log = structlog.get_logger()
SEAL = b"erasure-values/v1"
SHORTEST = 6
"""A shorter value turns up by chance and proves nothing."""


def erase_identifier(workspace_id: int, identifier: str, *, source: str, now: int) -> list[PrivacyRequest]:
    """Erase everybody an identifier leads to. Raises PersonNotFound."""
    people = find_people(workspace_id, identifier)
    if not people:
        raise PersonNotFound
    return [erase_person(subject, source=source, now=now) for subject in people]


def erase_person(subject: Subject, *, source: str, now: int, request: PrivacyRequest | None = None) -> PrivacyRequest:
    """Delete a person everywhere and remember only that they must not come back. The scan follows: see `verify`."""
    handles = load_identifiers([subject.person_id]).get(subject.person_id, [])
    request = request or _new_request(subject, source=source, now=now, state=RequestState.DELETED)
    tags = _own_tags(subject, handles)
    number = append_entry(subject.workspace_id, tags, request_id=str(request.pk), now=now)
    with transaction.atomic():
        withdraw_from_processing(subject, now=now, reason="erased", request_id=str(request.pk))
        request.records = erase_everywhere(subject)
        request.person_id = None
        request.state = RequestState.DELETED
        request.deleted_at = now
        request.next_scan_at = now
        values = [handle.value for handle in handles if len(handle.value) >= SHORTEST]
        request.sealed_values = seal(SEAL, encode(values).encode(), request.pk.bytes)
        too_short = len(handles) - len(values)
        request.certificate = sign(_statement(request, None, too_short=too_short))
        request.save()
        mark_applied(number)
    log.info("person_erased", person_id=subject.person_id, workspace_id=subject.workspace_id, request_id=str(request.pk))
    return request


def _own_tags(subject: Subject, handles: Sequence[Handle]) -> list[bytes]:
    """Suppression tags of the identifiers that nobody else living holds."""
    holders = find_holders(handle.tag for handle in handles)
    own = [h for h in handles if set(holders.get(h.tag, ())) <= {subject.person_id}]
    return [tag for h in own for tag in suppression_tags(subject.workspace_id, h.kind, h.value)]


def _new_request(subject: Subject, *, source: str, now: int, state: RequestState) -> PrivacyRequest:
    return PrivacyRequest(
        id=uuid.uuid4(),
        workspace_id=subject.workspace_id,
        type=RequestType.ERASURE,
        state=state,
        source=source,
        received_at=now,
        due_at=add_months(now, 1),
        person_id=subject.person_id,
    )


def verify(request: PrivacyRequest, *, now: int) -> PrivacyRequest:
    """Scan everything Troth keeps for what the person was known by, and certify the levels reached (L1 to L6)."""
    if request.sealed_values is None or not is_sqlite():
        return request
    opened = open_sealed(SEAL, bytes(request.sealed_values), request.pk.bytes)
    values: list[str] = decode(opened) if opened else []
    findings = look_for_residue(settings.TROTH_DATA, request.workspace_id, values)
    request.scans += 1
    if findings.passed:
        request.state = RequestState.ERASED
        request.erased_at = now
        request.next_scan_at = None
        request.sealed_values = None
    else:
        request.state = RequestState.RESIDUE_FOUND
        request.next_scan_at = now + min(60, 2**request.scans) * MINUTE
    request.certificate = sign(_statement(request, findings, too_short=0))
    with transaction.atomic():
        request.save()
    return request


def _statement(request: PrivacyRequest, findings: Findings | None, *, too_short: int) -> dict[str, object]:
    """What the certificate says: only the levels reached, and when the others will be."""
    backup_until = last_backup_expiry(request.deleted_at or 0)
    levels: dict[str, str] = {
        "L1 deleted": iso(request.deleted_at or 0),
        "L2 key destroyed": "not used: data is not yet encrypted per person",
        "L3 absent from live files": "pending: the scan has not passed yet",
        "L4 absent from write-ahead log": "pending: the scan has not passed yet",
        "L5 absent from backups": f"the last backup that may contain the person expires {iso(backup_until)}" if backup_until else "no backup exists",
        "L6 recipients": "no disclosure to recipients is recorded by this version",
    }
    statement: dict[str, object] = {
        "type": "erasure",
        "request_id": str(request.pk),
        "workspace_id": request.workspace_id,
        "state": request.state,
        "received_at": iso(request.received_at),
        "records_deleted": request.records,
        "suppressed": "every identifier that nobody else holds, by keyed hash",
        "levels": levels,
    }
    if too_short:
        statement["not_scanned"] = f"{too_short} identifiers shorter than {SHORTEST} characters: they turn up by chance and prove nothing"
    if not is_sqlite():
        reason = "not reached: PostgreSQL keeps dead rows, WAL and planner statistics until they are compacted, which this version does not do"
        levels["L3 absent from live files"] = levels["L4 absent from write-ahead log"] = reason
    elif findings is not None:
        statement["scan"] = findings.summary()
        if findings.passed:
            levels["L3 absent from live files"] = levels["L4 absent from write-ahead log"] = f"scan passed {iso(request.erased_at or 0)}"
        else:
            levels["L3 absent from live files"] = f"residue found by scan {request.scans}: it is scanned again"
    return statement


def carry_out_orders(now: int) -> bool:
    """Worker duty: execute confirmed deletions that came through a machine's door; open a request for unconfirmed ones."""
    orders = list(DeletionOrder.objects.order_by("at")[:50])
    for order in orders:
        subject = Subject(order.workspace_id, order.person_id)
        if order.confirmed:
            request = PrivacyRequest.objects.filter(person_id=order.person_id, workspace_id=order.workspace_id).first()
            erase_person(subject, source=order.source, now=now_ms(), request=request)
        else:
            with transaction.atomic():
                if not PrivacyRequest.objects.filter(person_id=order.person_id, workspace_id=order.workspace_id).exists():
                    _new_request(subject, source=order.source, now=now, state=RequestState.AWAITING_CONFIRMATION).save(force_insert=True)
                DeletionOrder.objects.filter(bucket=order.bucket, person_id=order.person_id, confirmed=False).delete()
    return len(orders) == 50


def confirm_request(request: PrivacyRequest, *, now: int) -> PrivacyRequest:
    """Carry out a deletion that a public key asked for. Raises PersonNotFound when the person is gone meanwhile."""
    if request.person_id is None or not Person.objects.filter(bucket=request.person_id % 4096, person_id=request.person_id).exists():
        raise PersonNotFound
    return erase_person(Subject(request.workspace_id, request.person_id), source=request.source, now=now, request=request)


def verify_due(now: int) -> bool:
    """Worker duty: scan for erasures whose time has come; one scan a call."""
    if not is_sqlite():
        return False
    request = PrivacyRequest.objects.filter(next_scan_at__lte=now).order_by("next_scan_at").first()
    if request is None:
        return False
    verify(request, now=now_ms())
    return True
