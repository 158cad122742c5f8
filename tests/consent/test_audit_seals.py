"""The audit log is sealed into the ledger: whoever changes, removes or adds an entry afterwards is found; what expires or is erased is not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command

from troth.consent.ledger.audit import find_faults
from troth.consent.ledger.audit_seals import find_audit_faults, seal_audit_log, seal_audit_logs
from troth.consent.ledger.log import append_for, head_of
from troth.consent.models import AuditSeal
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.kernel.personal_data import Subject, stores
from troth.workspaces.audit import forget_old_entries, id_at, record_access
from troth.workspaces.models import AuditEntry, ExpiredAudit

NOW = now_ms()
LATER = NOW + HOUR
"""When everything written by now is settled."""


@pytest.fixture
def sealed(workspace: Any) -> Any:
    """Five acts, sealed and appended."""
    for person in range(4097, 4102):
        record_access(workspace.pk, user_id=3, role="owner", action="person.read", at=NOW, person_id=person, detail={"n": 1.0})
    assert seal_audit_log(workspace.pk, LATER)
    append_for(workspace.pk)
    return workspace


def write_later(workspace: Any, at: int) -> None:
    """An act at a moment that is still to come."""
    entry = {"bucket": 1, "person_id": 4097, "entry_id": id_at(at), "workspace_id": workspace.pk, "at": at, "user_id": 4}
    AuditEntry.objects.create(**entry, role="viewer", action="person.read")


def faults(workspace: Any, now: int = LATER) -> list[str]:
    return [*find_faults(workspace.pk), *find_audit_faults(workspace.pk, now)]


def test_what_was_written_holds_seal_after_seal(sealed: Any) -> None:
    assert faults(sealed) == []
    write_later(sealed, LATER)
    assert seal_audit_log(sealed.pk, LATER + DAY) is True
    append_for(sealed.pk)
    assert (head_of(sealed.pk)[0], faults(sealed, LATER + DAY)) == (2, [])
    assert seal_audit_log(sealed.pk, LATER + 2 * DAY) is False


@pytest.mark.parametrize("what", ["changed", "removed", "added"])
def test_tampering_is_found(sealed: Any, what: str) -> None:
    entry = AuditEntry.objects.filter(workspace_id=sealed.pk).order_by("entry_id")[2]
    own = AuditEntry.objects.filter(bucket=entry.bucket, person_id=entry.person_id, entry_id=entry.entry_id)
    if what == "changed":
        own.update(user_id=99)
    elif what == "removed":
        own.delete()
    else:
        entry.entry_id += 1
        entry.save(force_insert=True)
    assert ["not they" in fault for fault in faults(sealed)] == [True]


def test_a_changed_seal_is_found_by_the_ledger(sealed: Any) -> None:
    AuditSeal.objects.update(digest=b"\0" * 32)
    assert any("record was changed" in fault for fault in faults(sealed))


def test_what_is_erased_or_expires_breaks_no_seal(sealed: Any) -> None:
    own = next(store for store in stores() if store.name == "workspaces.audit")
    own.erase([Subject(sealed.pk, 4099)])
    AuditEntry.objects.update(address="")
    assert faults(sealed) == []
    sealed.audit_days = 1
    sealed.save()
    while forget_old_entries(LATER + 3 * DAY):
        pass
    assert AuditEntry.objects.filter(workspace_id=sealed.pk).count() == 0
    assert faults(sealed, LATER + 3 * DAY) == []


def test_keeping_the_log_longer_after_entries_expired_breaks_no_seal(sealed: Any) -> None:
    sealed.audit_days = 30
    sealed.save()
    expired = LATER + 31 * DAY
    write_later(sealed, expired - HOUR)
    assert seal_audit_log(sealed.pk, expired)
    append_for(sealed.pk)
    while forget_old_entries(expired):
        pass
    assert AuditEntry.objects.filter(workspace_id=sealed.pk).count() == 1

    sealed.audit_days = 400
    sealed.save()

    assert faults(sealed, expired) == []
    AuditEntry.objects.filter(workspace_id=sealed.pk).delete()
    assert ["not they" in fault for fault in faults(sealed, expired)] == [True], "what had not expired may not be missing"


def test_entries_that_go_before_their_time_are_found_whatever_is_said_to_have_expired(sealed: Any) -> None:
    AuditEntry.objects.filter(workspace_id=sealed.pk).delete()
    ExpiredAudit.objects.create(workspace_id=sealed.pk, until=id_at(LATER + DAY))

    assert ["not they" in fault for fault in faults(sealed)] == [True]


def test_the_worker_seals_each_workspace_once_an_hour_and_the_command_checks(workspace: Any) -> None:
    record_access(workspace.pk, user_id=3, role="owner", action="person.read", at=NOW, person_id=7)
    seal_audit_logs(LATER)
    write_later(workspace, LATER)
    seal_audit_logs(LATER + HOUR // 2)
    assert AuditSeal.objects.count() == 1
    told = io.StringIO()
    call_command("consent_ledger", str(workspace.pk), stdout=told)
    assert "holds 1 entries" in told.getvalue()
