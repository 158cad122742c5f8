"""What stands in the log for a record: a commitment over the fields of its time. Pure, so that a receipt can be verified with nothing else."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import defstruct

from troth.kernel.json_text import canonical, decode

_FIRST = ("record_id", "workspace_id", "subject_ref", "purpose", "decision", "valid", "at", "method", "source", "evidence")
_SHOWN = ("schema", "state", "purpose_version", "notice", "notice_version", "notice_hash", "language", "valid_until", "rules")
TOLD = {1: _FIRST, 2: (*_FIRST, *_SHOWN)}
"""What of a record is committed to, by the record's `schema`: a leaf once appended is over the fields of its time."""
COLUMNS = TOLD[max(TOLD)]
"""All that any schema needs."""
_JSON = ("evidence", "rules")
_SHAPES = {schema: defstruct(f"Told{schema}", [(name, Any) for name in sorted(names)], gc=False) for schema, names in TOLD.items()}
"""The fields in the order of canonical JSON: written as they stand, where a dict would have to be sorted each time."""


def record_entry(record: Mapping[str, Any], salt: bytes) -> bytes:
    """The entry of a decision: without the salt it says nothing about anybody; `record` holds the fields in `COLUMNS`, plain (`plain_value`)."""
    shape = _SHAPES[record["schema"]]
    return hmac.digest(salt, canonical(shape(*map(record.__getitem__, shape.__struct_fields__))), "sha256")


def erasure_entry(record_leaf: int) -> bytes:
    """The entry that says that the record of an earlier leaf was erased."""
    return canonical({"erased": record_leaf})


def seal_entry(digest: bytes, until: int, number: int) -> bytes:
    """The entry that seals the audit log up to an entry of it."""
    return canonical({"audit": digest.hex(), "entries": number, "until": until})


def plain_records(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Rows of either database with their JSON decoded and plain, and their flag a flag."""
    read: dict[str, Any] = {}
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        record["valid"] = bool(record["valid"])
        for name in _JSON:
            text = record[name]
            # Many records of one form have the same words in them.
            record[name] = read[text] if text in read else read.setdefault(text, plain_value(decode(text)))
        yield record


def plain_value(value: Any) -> Any:
    """A value as it comes back from either database: PostgreSQL keeps 1.0 as 1, and a flag may be a number on SQLite."""
    if isinstance(value, Mapping):
        return {name: plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
