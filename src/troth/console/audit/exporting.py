"""The audit log as a file, line by line, so that memory stays flat however long the log is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from troth.console.audit.reading import name_users
from troth.kernel.clock import iso
from troth.workspaces.audit import NOBODY
from troth.workspaces.models import AuditEntry

COLUMNS = ("entry", "at", "member", "member_id", "role", "action", "person", "reason", "address", "detail")
NAMED_AT_ONCE = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is run as a formula by spreadsheets (OWASP, CSV injection)."""


def write_ndjson(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """A JSON object per line. Ids are text, because they are larger than what JSON readers keep exactly."""
    for record in _records(entries):
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """A header, then a line per entry (RFC 4180); cells that a spreadsheet would run begin with an apostrophe."""
    yield _line(COLUMNS)
    for record in _records(entries):
        detail = json.dumps(record["detail"], ensure_ascii=False, separators=(",", ":")) if record["detail"] else ""
        yield _line([guard_cell(str(record[name] or "")) for name in COLUMNS[:-1]] + [guard_cell(detail)])


def guard_cell(text: str) -> str:
    """The text such that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _records(entries: Iterable[AuditEntry]) -> Iterator[dict[str, Any]]:
    rest = iter(entries)
    while page := list(islice(rest, NAMED_AT_ONCE)):
        users = name_users(entry.user_id for entry in page)
        for entry in page:
            yield {
                "entry": str(entry.entry_id),
                "at": iso(entry.at),
                "member": users.get(entry.user_id),
                "member_id": str(entry.user_id),
                "role": entry.role,
                "action": entry.action,
                "person": None if entry.person_id == NOBODY else str(entry.person_id),
                "reason": entry.reason,
                "address": entry.address,
                "detail": entry.detail,
            }
