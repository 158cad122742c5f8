"""Records as CSV, for spreadsheets: nothing in it is run as a formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is run as a formula by spreadsheets (OWASP, CSV injection)."""


def write_table(archive: zipfile.ZipFile, name: str, records: Iterator[dict[str, Any]]) -> None:
    """One row a record, the columns those of the first; what is no single value is JSON. Without a record there is no file."""
    first = next(records, None)
    if first is None:
        return
    columns = list(first)
    with archive.open(name, "w", force_zip64=True) as member, io.TextIOWrapper(member, "utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerow([write_cell(first[column]) for column in columns])
        for record in records:
            writer.writerow([write_cell(record.get(column)) for column in columns])


def write_cell(value: Any) -> str:
    """A value as a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
