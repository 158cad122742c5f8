"""What stands in the log for a record: a commitment over the fields of its time. Pure, so that a receipt can be verified with nothing else."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from troth.kernel.json_text import canonical

_FIRST = ("record_id", "workspace_id", "subject_ref", "purpose", "decision", "valid", "at", "method", "source", "evidence")
_SHOWN = ("schema", "state", "purpose_version", "notice", "notice_version", "notice_hash", "language", "valid_until", "rules")
TOLD = {1: _FIRST, 2: (*_FIRST, *_SHOWN)}
"""What of a record is committed to, by the record's `schema`: a leaf once appended is over the fields of its time."""
COLUMNS = TOLD[max(TOLD)]
"""All that any schema needs."""


def record_entry(record: Mapping[str, Any], salt: bytes) -> bytes:
    """The entry of a decision: without the salt it says nothing about anybody; `record` holds the fields in `COLUMNS`."""
    told = {name: plain_value(record[name]) for name in TOLD[record["schema"]]}
    return hmac.digest(salt, canonical(told), "sha256")


def erasure_entry(record_leaf: int) -> bytes:
    """The entry that says that the record of an earlier leaf was erased."""
    return canonical({"erased": record_leaf})


def plain_value(value: Any) -> Any:
    """A value as it comes back from either database: PostgreSQL keeps 1.0 as 1, and a flag may be a number on SQLite."""
    if isinstance(value, Mapping):
        return {name: plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
