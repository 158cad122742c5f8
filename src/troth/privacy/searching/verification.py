"""From *deleted* to *erased*: the search that proves it, at once for a caller who waits, else by the worker beside its other duties."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.db import transaction

from troth.kernel.clock import MINUTE, SECOND, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.sql import has_rows, is_sqlite
from troth.privacy.erasure.outcomes import record_search, sealed_values
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.scanning.scanner import Report
from troth.privacy.searching.residue import judge, paths_to_search, search_bytes
from troth.privacy.storage.apart import Progress
from troth.privacy.storage.wal import empty_log_within

log = structlog.get_logger()
LEASE = 10 * MINUTE
"""How long a request belongs to whoever searches for it."""
TOGETHER = 50
"""So many persons are searched for in one pass over the bytes."""
OPEN = (RequestState.DELETED, RequestState.RESIDUE_FOUND)
LOG_BUSY = {"found_in": [], "not_readable": [{"file": "write-ahead log", "reason": "a reader kept it from being emptied"}]}


def verify_erasure(
    request: PrivacyRequest, values: Sequence[str] | None = None, *, now: int | None = None, progress: Progress | None = None
) -> PrivacyRequest:
    """Search now and record what came of it; on PostgreSQL a request stays `deleted` until a compaction has passed (`compaction`).

    `values` are the identifiers; None takes those sealed with the request. Blocks while every byte is read. Never inside a transaction.
    """
    if request.state not in OPEN or not (is_sqlite() or request.next_try_at):
        return request
    wanted = sealed_values(request) if values is None else list(values)
    if is_sqlite() and not empty_log_within(10):
        record_search(request, LOG_BUSY, passed=False, now=now or now_ms())
        return request
    _settle([request], [wanted], search_bytes(wanted, progress, paths=paths_to_search()), now or now_ms())
    return request


@dataclass
class _Search:
    """A search that runs in a thread, which only waits for the child process that reads."""

    requests: list[PrivacyRequest]
    values: list[list[str]]
    paths: list[Path]
    report: Report | None = None
    failure: TrothError | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.report = search_bytes([value for own in self.values for value in own], paths=self.paths)
        except TrothError as error:
            self.failure = error


_running: list[_Search] = []


def verify_due(now: int) -> bool:
    """Worker duty: search for whoever's time has come, all in one pass, without keeping other duties waiting."""
    if _running:
        _finish_search(now)
        return False
    requests = _claim(now)
    if not requests:
        return False
    if is_sqlite() and not empty_log_within(0.5):
        PrivacyRequest.objects.filter(pk__in=[request.pk for request in requests]).update(next_try_at=now + 5 * SECOND)
        return False
    _running.append(_Search(requests, [sealed_values(request) for request in requests], paths_to_search()))
    return False


def _claim(now: int) -> list[PrivacyRequest]:
    if not has_rows("SELECT 1 FROM privacy_privacyrequest WHERE next_try_at <= %s LIMIT 1", [now]):
        return []
    due = PrivacyRequest.objects.filter(next_try_at__lte=now).order_by("next_try_at")
    with transaction.atomic():
        requests = list(due[:TOGETHER])
        PrivacyRequest.objects.filter(pk__in=[request.pk for request in requests]).update(next_try_at=now + LEASE)
    return requests


def _finish_search(now: int) -> None:
    search = _running[0]
    if search.thread.is_alive():
        return
    _running.clear()
    if search.report is None:
        raise search.failure or TrothError("The search ended without a report.")
    _settle(search.requests, search.values, search.report, now)


def _settle(requests: Sequence[PrivacyRequest], values: Sequence[Sequence[str]], report: Report, now: int) -> None:
    """Give each request its part of the report."""
    everything = [value for own in values for value in own]
    start = 0
    for request, own in zip(requests, values, strict=True):
        finding = judge(report, everything, range(start, start + len(own)))
        start += len(own)
        with transaction.atomic():
            current = PrivacyRequest.objects.filter(pk=request.pk).first()
            if current is None:
                continue  # its workspace was deleted meanwhile
            # Another process may have searched at the same time, and been quicker.
            if current.state in OPEN:
                record_search(current, finding.summary, passed=finding.passed, now=now)
        for name in ("state", "steps", "certificate", "sealed", "attempts", "next_try_at", "closed_at"):
            setattr(request, name, getattr(current, name))
        log.info("erasure_searched", request_id=str(request.pk), state=current.state, files=report.files, bytes=report.bytes_read)
