"""A compaction from its beginning to its end, a step at a time; at the end the searches for who was erased are due."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import connection, transaction

from troth.kernel.clock import DAY, HOUR
from troth.kernel.errors import TrothError
from troth.kernel.sql import is_sqlite
from troth.privacy.compaction.rebuilding import (
    TableBusy,
    count_changes,
    count_segments_ahead,
    overwrite_segment,
    rebuild_statistics,
    rebuild_table,
    touched_tables,
)
from troth.privacy.compaction.server import ask, find_copies, find_leaks, find_slots, missing_for_log, tips, who_looks_back
from troth.privacy.erasure.outcomes import record_compaction, told_of
from troth.privacy.erasure.restore_guard import position
from troth.privacy.models import Clearing, PrivacyRequest, RequestType, RetentionRun
from troth.privacy.models.compaction import Compaction
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.privacy.states import VERIFYING

log = structlog.get_logger()
STATISTICS, BEGIN_LOG, SEGMENT = "statistics", "log", "segment"
TABLE = "table:"
NOT_SOONER = 20 * HOUR
HELD = HOUR
TOGETHER = 200
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2
Told = Callable[[str], None]


class CompactionImpossible(TrothError):
    """Not on this database, or not now."""


def compact_nightly(now: int) -> bool:
    """Worker duty, PostgreSQL alone: at night, if somebody was erased or corrected or data ran out, compact; True while there is more to do."""
    if is_sqlite():
        return False
    run = _open_run()
    if run is None:
        if now // HOUR % 24 != settings.TROTH_COMPACT_HOUR or not is_wanted(now):
            return False
        run = begin(now)
    if who_looks_back(run.horizon):
        return False  # they end sooner or later; `check_compaction` tells when they do not
    try:
        return _do_step(run, now) is not None
    except TableBusy:
        return False  # whoever uses it goes first; a little later again


def compact_now(now: int, *, told: Told | None = None, patience_s: float = PATIENCE_S) -> Compaction:
    """Compact at once, to the end, telling each step.

    Raises CompactionImpossible, saying who stands in the way for longer than the patience, and TableBusy; the next call goes on.
    """
    told = told or _tell_nobody
    if is_sqlite():
        raise CompactionImpossible("SQLite overwrites what is deleted; compaction is for PostgreSQL.")
    if connection.in_atomic_block:
        raise CompactionImpossible("Tables cannot be rebuilt inside a transaction.")
    run = _open_run() or begin(now)
    while run.ended_at is None:
        _wait_for_who_looks_back(run.horizon, told, patience_s)
        step = _do_step(run, now)
        if step is None:
            raise CompactionImpossible("Another process compacts at this moment: wait for it (`troth doctor`).")
        told(step)
    return run


def _tell_nobody(step: str) -> None:
    pass


def _wait_for_who_looks_back(horizon: int, told: Told, patience_s: float) -> None:
    """On a server in use, and when it analyses a table by itself, some transaction nearly always began a moment before."""
    gives_up_at = time.monotonic() + patience_s
    before = ""
    while why := who_looks_back(horizon):
        if time.monotonic() >= gives_up_at:
            raise CompactionImpossible(
                f"Rebuilt tables would keep what was deleted: {why}. Try again when they have ended; the worker does, too."
            )
        if why != before:
            told(f"waits: {why}")
            before = why
        time.sleep(LOOK_EVERY_S)


def is_wanted(now: int) -> bool:
    """Whether something was deleted or corrected since the last compaction that its bytes should follow."""
    last = Compaction.objects.order_by("-started_at").first()
    if last and now - last.started_at < NOT_SOONER:
        return False
    since = last.started_at if last else 0
    pending = PrivacyRequest.objects.filter(state__in=VERIFYING, sealed__isnull=False)
    left = Leaving.objects.filter(state=LeavingState.SEARCHING)
    corrected = PrivacyRequest.objects.filter(type=RequestType.RECTIFICATION, closed_at__gte=since)
    ran_out = RetentionRun.objects.filter(ended_at__gte=since)
    return any(rows.exists() for rows in (pending, left, corrected, ran_out, Clearing.objects.filter(ended_at__gte=since)))


def begin(now: int) -> Compaction:
    """Note what has to be done: the tables touched since the last one, the statistics, the log."""
    last = Compaction.objects.filter(ended_at__isnull=False).order_by("-started_at").first()
    pending = PrivacyRequest.objects.filter(state__in=VERIFYING, sealed__isnull=False).values_list("steps", flat=True)
    records = sorted({name for steps in pending.iterator() for name, number in steps.get("records", {}).items() if number})
    ledger = position()
    ((horizon,),) = ask("SELECT pg_current_xact_id()::text::bigint")
    tables = touched_tables(last.tables if last else {}, records)
    return Compaction.objects.create(
        started_at=now,
        ledger=ledger,
        horizon=horizon,
        steps=[*(TABLE + name for name in tables), STATISTICS, BEGIN_LOG],
        tables=last.tables if last else {},
    )


def _open_run() -> Compaction | None:
    return Compaction.objects.filter(ended_at=None).order_by("started_at").first()


def _do_step(run: Compaction, now: int) -> str | None:
    """Do the next step and say what it was; None when another process is at it. Raises TableBusy; then the step is still to be done."""
    if not Compaction.objects.filter(held_until__lte=now, pk=run.pk, ended_at=None).update(held_until=now + HELD):
        return None
    run.refresh_from_db()
    step = str(run.steps[0])
    try:
        if step.startswith(TABLE):
            _rebuild(run, step.removeprefix(TABLE))
        elif step == STATISTICS:
            _note(run, "statistics", rebuild_statistics())
        elif step == BEGIN_LOG:
            _begin_log(run)
        else:
            overwrite_segment()
            run.segments += 1
        run.steps = run.steps[1:]
        if not run.steps:
            _finish(run, now)
    finally:
        run.held_until = 0
        run.save()
    return step


def _rebuild(run: Compaction, name: str) -> None:
    changes = count_changes().get(name, 0)
    if why := rebuild_table(name):
        _note(run, "tables", f"{name}: {why}")
        return
    run.tables = {**run.tables, name: changes}
    run.rebuilt += 1


def _begin_log(run: Compaction) -> None:
    """Each segment on the disk is overwritten once, and the last of them left (rule P4).

    The first round lays aside what was written until now, under names that come later; what later rounds lay aside is clean.
    """
    _note(run, "copies", find_copies())
    if slots := find_slots():
        _note(run, "log", f"the replication slots {', '.join(slots)} keep it")
    if missing := missing_for_log():
        _note(run, "log", f"rights are missing: {'; '.join(missing)}")
    else:
        overwrite_segment()
        run.segments += 1
        run.steps = [*run.steps, *[SEGMENT] * (count_segments_ahead() + 1)]


def _note(run: Compaction, what: str, why: str) -> None:
    if why:
        run.lacks = {**run.lacks, what: "; ".join(part for part in (run.lacks.get(what, ""), why) if part)}


def _finish(run: Compaction, now: int) -> None:
    run.ended_at = now
    ids = list(PrivacyRequest.objects.filter(state__in=VERIFYING, sealed__isnull=False).values_list("pk", flat=True))
    for start in range(0, len(ids), TOGETHER):
        with transaction.atomic():
            for request in PrivacyRequest.objects.filter(pk__in=ids[start : start + TOGETHER]):
                if request.steps["ledger_entry"] <= run.ledger:
                    record_compaction(request, run, now)
    with transaction.atomic():
        for leaving in Leaving.objects.select_for_update().filter(state=LeavingState.SEARCHING):
            if leaving.facts["ledger_entries"][-1] <= run.ledger and (leaving.deleted_at or now) <= run.started_at:
                leaving.facts = {**leaving.facts, "compaction": told_of(run, now)}
                leaving.next_at = now
                leaving.save(update_fields=["facts", "next_at"])
    log.info("compacted", tables=run.rebuilt, segments=run.segments, lacks=sorted(run.lacks))


def check_compaction(now: int) -> tuple[bool, str]:
    """Trouble when erased persons wait for a compaction that does not come about, or the server copies values elsewhere."""
    if is_sqlite():
        return True, "SQLite overwrites what is deleted"
    trouble = []
    if leaks := find_leaks():
        trouble.append(f"the server writes values of persons into its log: set {', '.join(leaks)}")
    if slots := find_slots():
        trouble.append(f"replication slots keep the log: drop {', '.join(slots)} unless something reads them")
    if missing := missing_for_log():
        trouble.append(f"the log cannot be overwritten: {'; '.join(missing)}")
    waiting = PrivacyRequest.objects.filter(state__in=VERIFYING, sealed__isnull=False, deleted_at__lt=now - 2 * DAY).count()
    waiting += Leaving.objects.filter(state=LeavingState.SEARCHING, deleted_at__lt=now - 2 * DAY).count()
    if waiting:
        run = _open_run()
        why = who_looks_back(run.horizon) if run else ""
        trouble.append(f"{waiting} erasures wait for a compaction for two days{': ' + why if why else ''}: `troth privacy compact`")
    if trouble:
        return False, ". ".join(trouble)
    last = Compaction.objects.filter(ended_at__isnull=False).order_by("-started_at").first()
    said = "no compaction yet" if last is None else f"last compaction: {last.rebuilt} tables, {last.segments} segments of the log"
    return True, f"{said}{'; it forgets sooner with ' + ', '.join(tips()) if tips() else ''}"
