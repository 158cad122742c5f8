"""What the doctor finds, and that asking stays quick."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from troth.kernel.checks import Finding, examine
from troth.kernel.clock import DAY, MINUTE, iso, now_ms

ORDER = [
    "data directory",
    "master key",
    "disk",
    "database",
    "tables",
    "inbox",
    "segments",
    "messages",
    "impact assessments",
    "privacy requests",
    "recipients",
    "erasure ledger",
    "backups",
    "compaction",
    "data inventory",
    "breaches",
    "opendsr",
    "proof of erasure",
]


@pytest.fixture(autouse=True)
def _closed_data(data_dir: Path) -> None:
    data_dir.chmod(0o700)


def found(check: str, now: int) -> Finding:
    return next(finding for finding in examine(now) if finding.check == check)


def queue_message(workspace: Any, due_at: int, state: str = "queued", number: int = 1) -> None:
    from troth.messages.models import Message

    Message.objects.create(
        bucket=1,
        person_id=4097,
        message_id=number,
        workspace_id=workspace.pk,
        source="campaign:1",
        occurrence=number,
        channel="email",
        purpose="service",
        is_marketing=False,
        template_id=1,
        state=state,
        due_at=due_at,
        created_at=due_at,
    )


@pytest.mark.usefixtures("workspace")
def test_every_check_is_asked_in_its_order() -> None:
    findings = list(examine(now_ms()))
    assert [finding.check for finding in findings] == ORDER
    assert [finding for finding in findings if not finding.ok] == []


@pytest.mark.usefixtures("workspace")
def test_the_command_prints_the_findings_as_lines_and_as_json() -> None:
    lines, told = io.StringIO(), io.StringIO()
    call_command("doctor", stdout=lines)
    assert lines.getvalue().splitlines()[5] == "ok       inbox             empty"
    call_command("doctor", json=True, stdout=told)
    assert [finding["check"] for finding in json.loads(told.getvalue())] == ORDER


def test_an_inbox_that_nobody_empties_is_trouble(workspace: Any) -> None:
    from troth.intake.commands import Identity, Track
    from troth.intake.door import apply

    now = now_ms()
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Track(identity=Identity(external_id="1"), name="Bought", ts=now, **common)], now=now)
    assert found("inbox", now + MINUTE) == Finding("inbox", True, "1 events, the oldest 60 s old")
    late = found("inbox", now + 2 * MINUTE)
    assert not late.ok
    assert "`troth serve`" in late.says


def test_messages_that_do_not_leave_are_trouble_and_doubtful_ones_are_told(workspace: Any) -> None:
    now = now_ms()
    queue_message(workspace, now)
    queue_message(workspace, now, "unknown", 2)
    assert found("messages", now) == Finding("messages", True, "1 due, 1 doubtful (handed over, answer lost)")
    late = found("messages", now + 6 * MINUTE)
    assert not late.ok
    assert f"the oldest is due since {iso(now)}" in late.says


def test_an_overdue_request_is_trouble(workspace: Any) -> None:
    from troth.privacy.models import PrivacyRequest

    now = now_ms()
    PrivacyRequest.objects.create(workspace_id=workspace.pk, type="erasure", source="api", received_at=now, due_at=now + DAY)
    assert found("privacy requests", now) == Finding("privacy requests", True, "1 open, 0 overdue, 0 with residue")
    assert found("privacy requests", now + 2 * DAY).says.startswith("1 open, 1 overdue, 0 with residue: ")


@pytest.mark.usefixtures("workspace")
def test_missing_migrations_are_trouble() -> None:
    from django.db.migrations.recorder import MigrationRecorder

    recorded = MigrationRecorder.Migration.objects.get(app="privacy", name="0001_initial")
    recorded.delete()
    try:
        assert found("tables", now_ms()) == Finding("tables", False, "1 migrations are missing: run `troth init`")
    finally:
        recorded.save()


@pytest.mark.usefixtures("workspace")
def test_a_check_that_breaks_is_itself_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.kernel import checks

    monkeypatch.setitem(checks._checks, "disk", lambda now: 1 // 0)
    assert "cannot be checked (ZeroDivisionError)" in found("disk", now_ms()).says


@pytest.mark.usefixtures("workspace")
def test_asking_all_checks_takes_milliseconds() -> None:
    list(examine(now_ms()))
    took = []
    for _ in range(9):
        start = time.process_time()
        list(examine(now_ms()))
        took.append(time.process_time() - start)
    assert sorted(took)[4] < 0.05
