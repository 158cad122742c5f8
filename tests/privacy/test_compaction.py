"""On PostgreSQL what was deleted stays in heap, log and statistics until it is compacted; then no byte of the server's own files holds it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from planted import DANA, SECRET

from tests.conftest import eventually
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, iso, now_ms
from troth.kernel.personal_data import Subject
from troth.kernel.worker import drain
from troth.people.lookup import find_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.compaction.awaiting import await_compaction, next_begin
from troth.privacy.compaction.running import CompactionImpossible, begin, check_compaction, compact_nightly, compact_now, is_wanted
from troth.privacy.compaction.server import ask, data_directory, who_looks_back
from troth.privacy.desk.links import make_follow_url
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.leaving.asking import ask_to_leave
from troth.privacy.leaving.carrying_out import carry_out
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.models.compaction import Compaction
from troth.privacy.models.leaving import LeavingState
from troth.privacy.requests import rectify_person
from troth.privacy.scanning.scanner import scan
from troth.privacy.searching.verification import verify_erasure
from troth.workspaces.models import Workspace

NIGHT = 2 * HOUR
EVERYTHING = [*DANA.values(), SECRET]


def found_in(*values: str) -> set[str]:
    """Which parts of the server's own files hold a value, once everything it has in memory was written."""
    ask("SELECT pg_switch_wal()")
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    root = data_directory()
    assert root is not None
    return {Path(hit.file).relative_to(root).parts[0] for hit in scan([root], values).hits}


def levels_of(request: PrivacyRequest) -> dict[str, Any]:
    request.refresh_from_db()
    return {level["level"]: level for level in verify_certificate(request.certificate)["levels"]}


@pytest.fixture
def release_log(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Keeps what the server logs from now on, whatever checkpoints come between, until it is called: else a busy server forgets by chance."""
    ask("SELECT pg_create_physical_replication_slot('kept_by_a_test', true)")

    def release() -> None:
        ask("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'kept_by_a_test'")

    yield release
    release()


@pytest.fixture
def begins_at(settings: Any) -> int:
    """When the next compaction begins: half a day from now, whatever the time is, or the hour might strike within a test."""
    settings.TROTH_COMPACT_HOUR = (now_ms() // HOUR + 12) % 24
    return next_begin(now_ms(), None, settings.TROTH_COMPACT_HOUR)


@pytest.fixture
def reader() -> Iterator[psycopg.Connection]:
    """Somebody else's session on the same database."""
    settings = connection.settings_dict
    with psycopg.connect(dbname=settings["NAME"], user=settings["USER"], host=settings["HOST"] or settings["OPTIONS"].get("host")) as other:
        yield other


def test_a_search_of_the_servers_files_finds_the_person_before_and_nothing_after(
    release_log: Callable[[], None], begins_at: int, dana: Subject
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert found_in(*EVERYTHING) >= {"base", "pg_wal"}
    request = erase_person(dana, now=now_ms(), source="cli")
    assert verify_erasure(request).state == RequestState.DELETED
    assert "compacted, which is done the next night" in levels_of(request)["L3"]["detail"]
    assert found_in(*EVERYTHING) >= {"base", "pg_wal"}, "deleting alone leaves the bytes where they are"
    place = make_follow_url(request.workspace_id, request.pk).removeprefix("http://127.0.0.1:8000")
    page = Client().get(f"{place}?lang=de").content.decode()
    assert (
        "gelöscht, wird noch überschrieben" in page
        and f"Ab {iso(begins_at)[:16].replace('T', ' ')} UTC überschreibt die Datenbank" in page
        and "wird durchsucht" not in page
    )

    release_log()

    steps: list[str] = []
    run = compact_now(now_ms(), told=steps.append)

    assert found_in(*EVERYTHING) == set()
    assert {"table:people_person", "table:people_event", "table:intake_inboxitem", "statistics", "segment"} <= set(steps)
    assert run.lacks == {} and run.segments > 1
    request.refresh_from_db()
    assert verify_erasure(request).state == RequestState.ERASED, request.steps
    levels = levels_of(request)
    assert levels["L3"]["reached"] and levels["L4"]["reached"] and "rebuilt" in levels["L3"]["detail"]
    search = verify_certificate(request.certificate)["search"]
    assert (search["server_files"], search["identifiers_searched_for"], search["found_in_planner_statistics"]) == ("searched", 5, [])


def test_a_workspace_that_left_is_in_no_byte_after_it_and_has_a_later_certificate(
    release_log: Callable[[], None], begins_at: int, dana: Subject
) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    asked = ask_to_leave([workspace], confirmed=workspace.name, by="operator", now=now_ms(), whole_account=False, hold_days=0)
    left = carry_out(asked)
    before = {level["level"]: level for level in verify_certificate(left.certificate)["levels"]}
    assert (left.state, before["L3"]["reached"], before["L4"]["reached"]) == (LeavingState.SEARCHING, False, False)
    assert "compacted, which is done the next night" in before["L3"]["detail"]
    assert found_in(*EVERYTHING) >= {"base", "pg_wal"}
    assert is_wanted(now_ms() + DAY)
    page = Client().get(make_leaving_url(left).removeprefix("http://127.0.0.1:8000")).content.decode()
    assert "keeps the bytes of what was deleted until they are overwritten by a compaction" in page and "being searched" not in page
    assert f"It begins {iso(begins_at)[:16].replace('T', ' ')} UTC" in page
    release_log()

    compact_now(now_ms())

    assert found_in(*EVERYTHING) == set()

    def is_done() -> bool:
        drain(now_ms(), most=50)
        left.refresh_from_db()
        return left.state == LeavingState.DONE

    assert eventually(is_done)
    after = {level["level"]: level for level in verify_certificate(left.certificate)["levels"]}
    assert (after["L3"]["reached"], after["L4"]["reached"], left.sealed) == (True, True, None)
    assert "rebuilt" in after["L3"]["detail"] and verify_certificate(left.certificate)["search"]["server_files"] == "searched"
    assert not is_wanted(now_ms() + 2 * DAY)


def test_whoever_waits_is_told_when_it_begins_how_far_it_is_and_when_it_is_through(dana: Subject) -> None:
    now = now_ms() // DAY * DAY + 10 * HOUR
    awaited = await_compaction(now)
    assert awaited and (awaited.begins_at, awaited.is_under_way, awaited.through_at) == (now + 16 * HOUR, False, 0)
    run = begin(now)
    awaited = await_compaction(now)
    assert awaited and awaited.is_under_way and awaited.steps == len(run.steps) and not awaited.is_held_up
    run.delete()
    Compaction.objects.create(started_at=now, ended_at=now + HOUR, ledger=0, horizon=0)
    awaited = await_compaction(now + HOUR)
    assert awaited and awaited.begins_at == now + 16 * HOUR + DAY, "not twice within twenty hours"
    assert awaited.through_at == awaited.begins_at + HOUR


def test_only_what_was_touched_since_is_rebuilt(dana: Subject) -> None:
    compact_now(now_ms())
    before = Compaction.objects.order_by("-id")[0]
    steps: list[str] = []

    compact_now(now_ms(), told=steps.append)

    assert before.rebuilt > 5
    assert "table:people_event" not in steps


def test_a_correction_leaves_the_old_value_in_no_byte(workspace: Any) -> None:
    now = now_ms()
    old = "an-attribute-she-corrected-9917"
    who = Identity(external_id="eva-external-1")
    apply([Identify(identity=who, attributes={"city": old}, workspace_id=workspace.pk, source="api", received_at=now)], now=now)
    rectify_person(find_person(workspace.pk, "eva-external-1"), attributes={"city": "Rome"}, source="api", now=now)
    assert found_in(old)

    assert compact_nightly(DAY + NIGHT)
    while compact_nightly(DAY + NIGHT):
        pass

    assert found_in(old) == set()


def test_the_night_begins_nothing_that_nobody_needs_and_nothing_by_day(dana: Subject) -> None:
    assert not compact_nightly(DAY + NIGHT), "nobody was erased or corrected"
    erase_person(dana, now=now_ms(), source="cli")
    assert not compact_nightly(DAY + NIGHT + HOUR)
    assert not Compaction.objects.exists()

    assert compact_nightly(DAY + NIGHT)
    assert compact_nightly(DAY + NIGHT + HOUR), "what has begun goes on"


def test_who_looks_back_is_named_and_waited_for(dana: Subject, reader: psycopg.Connection) -> None:
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    reader.execute("SELECT COUNT(*) FROM people_person")
    request = erase_person(dana, now=now_ms(), source="cli")

    with pytest.raises(CompactionImpossible, match="1 transactions that began before"):
        compact_now(now_ms(), patience_s=0)
    assert not compact_nightly(now_ms())

    reader.rollback()
    compact_now(now_ms())
    request.refresh_from_db()
    assert verify_erasure(request).state == RequestState.ERASED


def test_a_transaction_that_ends_soon_is_waited_out(dana: Subject, reader: psycopg.Connection) -> None:
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    reader.execute("SELECT COUNT(*) FROM people_person")
    erase_person(dana, now=now_ms(), source="cli")
    steps: list[str] = []

    def end_it(step: str) -> None:
        steps.append(step)
        reader.rollback()

    run = compact_now(now_ms(), told=end_it)

    assert run.ended_at
    assert steps[0] == "waits: 1 transactions that began before the erasures still run"
    assert "statistics" in steps[1:] and not any(step.startswith("waits") for step in steps[1:])


def test_a_vacuum_at_work_keeps_no_row_and_is_not_waited_for(dana: Subject, reader: psycopg.Connection) -> None:
    reader.autocommit = True
    reader.execute("SET vacuum_cost_delay = '100ms'")
    reader.execute("SET vacuum_cost_limit = 1")
    at_work = threading.Thread(target=vacuum_until_cancelled, args=[reader])
    at_work.start()
    pid = reader.info.backend_pid
    try:
        assert eventually(lambda: ask("SELECT 1 FROM pg_stat_progress_vacuum WHERE pid = %s", [pid]))
        ask("SELECT pg_current_xact_id()")
        ((horizon,),) = ask("SELECT pg_current_xact_id()::text::bigint")
        ((looks_back,),) = ask("SELECT age(backend_xmin) > age(%s::text::xid) FROM pg_stat_activity WHERE pid = %s", [str(horizon), pid])
        assert looks_back, "as far as one can see from outside"
        assert who_looks_back(horizon) == ""
    finally:
        reader.cancel()
        at_work.join()


def vacuum_until_cancelled(other: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        while True:
            other.execute("VACUUM")


def test_a_table_in_use_is_left_to_its_user_and_taken_later(
    dana: Subject, reader: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from troth.privacy.compaction import rebuilding

    monkeypatch.setattr(rebuilding, "PATIENCE_MS", 50)
    erase_person(dana, now=now_ms(), source="cli")
    while compact_nightly(DAY + NIGHT) and Compaction.objects.get().steps[0] != "table:people_person":
        pass
    reader.execute("LOCK TABLE people_person IN ACCESS SHARE MODE")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
    # A lock without a snapshot older than the erasure: it looks at nothing old, it is only in the way.
    assert not compact_nightly(DAY + NIGHT)
    reader.rollback()
    while compact_nightly(DAY + NIGHT):
        pass
    assert Compaction.objects.get().ended_at


def test_without_rights_it_says_which_and_the_certificate_what_is_not_reached(dana: Subject) -> None:
    request = erase_person(dana, now=now_ms(), source="cli")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE app NOLOGIN")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app")
        cursor.execute("SET ROLE app")
    try:
        assert "GRANT pg_read_all_stats" in who_looks_back(3)
        run = compact_as_app()
        assert not check_compaction(now_ms())[0] and "GRANT pg_checkpoint TO app" in check_compaction(now_ms())[1]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY app")
            cursor.execute("DROP ROLE app")

    assert "people_person" in run.lacks["tables"]
    assert "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO app" in run.lacks["log"]
    levels = levels_of(request)
    assert not levels["L3"]["reached"] and "want of the right" in levels["L3"]["detail"]
    assert not levels["L4"]["reached"] and "GRANT pg_monitor TO app" in levels["L4"]["detail"]
    assert request.state == RequestState.DELETED

    compact_now(now_ms())
    request.refresh_from_db()
    assert verify_erasure(request).state == RequestState.ERASED


def compact_as_app() -> Compaction:
    """Sessions of others cannot be seen by this role; here they are none but pools that do nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("troth.privacy.compaction.running.who_looks_back", lambda horizon: "")
        return compact_now(now_ms())


def test_the_doctor_wants_settings_that_keep_persons_out_of_the_servers_log_and_no_forgotten_slot(dana: Subject) -> None:
    well, said = check_compaction(now_ms())
    assert well, said
    with connection.cursor() as cursor:
        cursor.execute("SET log_min_duration_statement = 0")
        try:
            assert "log_min_duration_statement=-1" in check_compaction(now_ms())[1]
        finally:
            cursor.execute("RESET log_min_duration_statement")
        cursor.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
        try:
            assert "drop forgotten" in check_compaction(now_ms())[1]
            request = erase_person(dana, now=now_ms(), source="cli")
            out = StringIO()
            with pytest.raises(SystemExit):
                call_command("privacy_compact", stdout=out)
            assert "Not done, log: the replication slots forgotten keep it" in out.getvalue()
        finally:
            cursor.execute("SELECT pg_drop_replication_slot('forgotten')")
    assert not levels_of(request)["L4"]["reached"]
    assert not check_compaction(now_ms() + 3 * DAY)[0]
