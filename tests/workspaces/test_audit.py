"""Who did what to whose data is written down, and forgets its person with that person."""

from __future__ import annotations

from typing import Any

import pytest

from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject, erase_everywhere, stores
from troth.workspaces.audit import ActionUnknown, forget_old_entries, read_entries, record_access, stream_entries
from troth.workspaces.models import AuditEntry

DANA = 4096 * 7 + 5


def look(workspace: Any, at: int, **changes: Any) -> None:
    record_access(workspace.pk, **{"user_id": 1, "role": "owner", "action": "person.read", "at": at, "person_id": DANA, **changes})


def test_entries_come_newest_first_and_page_by_page(workspace: Any) -> None:
    now = now_ms()
    for number in range(5):
        look(workspace, now + number, detail={"number": number})
    first = read_entries(workspace.pk, limit=2)
    assert [entry.detail["number"] for entry in first] == [4, 3]
    rest = read_entries(workspace.pk, before=first[-1].entry_id)
    assert [entry.detail["number"] for entry in rest] == [2, 1, 0]
    assert len(list(stream_entries(workspace.pk))) == 5


def test_entries_are_found_by_member_action_person_and_time(workspace: Any) -> None:
    now = now_ms()
    look(workspace, now)
    look(workspace, now, user_id=2)
    look(workspace, now, action="people.list", person_id=0)
    look(workspace, now - 3 * DAY)
    assert len(read_entries(workspace.pk, user_id=2)) == 1
    assert len(read_entries(workspace.pk, action="people.list")) == 1
    assert len(read_entries(workspace.pk, person_id=DANA)) == 3
    assert len(read_entries(workspace.pk, since=now - DAY)) == 3
    assert len(read_entries(workspace.pk, until=now - DAY)) == 1
    assert read_entries(workspace.pk + 1) == []


def test_an_action_without_words_is_refused(workspace: Any) -> None:
    with pytest.raises(ActionUnknown, match=r"person\.admired"):
        look(workspace, 1, action="person.admired")


def test_an_erasure_keeps_the_entry_and_forgets_whom_it_was_about(workspace: Any) -> None:
    look(workspace, now_ms(), reason="Dana called about her invoice")
    erase_everywhere([Subject(workspace.pk, DANA)])
    kept = AuditEntry.objects.get()
    assert (kept.person_id, kept.bucket, kept.action, kept.reason) == (0, 0, "person.read", "")


def test_the_person_is_told_which_role_looked_but_not_who(workspace: Any) -> None:
    look(workspace, now_ms(), address="192.0.2.7")
    store = next(store for store in stores() if store.name == "workspaces.audit")
    (told,) = store.export(Subject(workspace.pk, DANA))
    assert told["role"] == "owner"
    assert told["action"] == "person.read"
    assert not {"user_id", "address", "reason"} & told.keys()


def test_entries_are_forgotten_when_their_time_is_over(workspace: Any) -> None:
    workspace.audit_days = 30
    workspace.save()
    look(workspace, now_ms())
    forget_old_entries(now_ms() + 29 * DAY)
    assert AuditEntry.objects.count() == 1
    forget_old_entries(now_ms() + 31 * DAY)
    assert AuditEntry.objects.count() == 0
