"""Writing the file: a zip with each table as lines of JSON, and a manifest with what each holds, its rows and its hash.

Read in slices along the primary keys, so memory stays flat and no reader keeps the database waiting; each slice is as of when it was read. Left out
are secrets and keyed hashes, which say nothing without this installation's key.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection, models

from troth.kernel.clock import iso
from troth.kernel.json_text import decode, encode
from troth.privacy.workspace_tables import WorkspaceTable, tables_of_workspace
from troth.workspaces.models import Account, Workspace

SECRET = re.compile(r"sealed|secret|token|password|code_digest|(^|_)tag$|^dedupe$|^private")
OF_KEYS = frozenset({"workspaces.Key", "workspaces.Invitation"})
"""Whose digest lets in who can turn it round."""


def write_takeaway(path: Path, workspace_ids: list[int], now: int) -> Iterator[int]:
    """Write it step by step; yields the rows written so far after each step."""
    rows = 0
    files: list[dict[str, Any]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for workspace in Workspace.objects.filter(pk__in=workspace_ids).order_by("pk"):
            files.append(_write_lines(archive, f"workspace-{workspace.pk}/workspace.ndjson", [_plain(workspace)]))
            for table in tables_of_workspace():
                name = f"workspace-{workspace.pk}/{table.label.lower()}.ndjson"
                counted: dict[str, Any] = {"file": name, "holds": table.title, "rows": 0, "sha256": ""}
                digest = hashlib.sha256()
                with archive.open(name, "w", force_zip64=True) as file:
                    for lines, number in _slices(table, workspace.pk):
                        file.write(lines)
                        digest.update(lines)
                        counted["rows"] += number
                        rows += number
                        yield rows
                counted["sha256"] = digest.hexdigest()
                files.append(counted)
        accounts = Account.objects.filter(workspace__in=workspace_ids).distinct()
        manifest = {
            "made_at": iso(now),
            "accounts": [{"id": account.pk, "name": account.name} for account in accounts],
            "workspaces": workspace_ids,
            "left_out": "secrets, and keyed hashes, which say nothing without this installation's key",
            "times": "in milliseconds since 1970-01-01 UTC unless written out",
            "files": files,
        }
        archive.writestr("manifest.json", encode(manifest))
    yield rows


def _slices(table: WorkspaceTable, workspace_id: int) -> Iterator[tuple[bytes, int]]:
    """Lines of JSON and their number, slice by slice. Goes over all buckets."""
    shown = [field for field in table.model._meta.concrete_fields if not _is_hidden(table.label, field)]
    columns = ", ".join(f"own.{connection.ops.quote_name(field.column)}" for field in shown if field.column)
    names = [field.column for field in shown if field.column]
    is_json = [isinstance(field, models.JSONField) for field in shown if field.column]
    for begins, values in table.slices():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {table.name} AS own WHERE {begins} AND {table.condition}", [*values, workspace_id])
            found = cursor.fetchall()
        lines = [
            encode({name: _value(value, as_json) for name, value, as_json in zip(names, row, is_json, strict=True)}) + "\n" for row in found
        ]
        yield "".join(lines).encode(), len(lines)


def _is_hidden(label: str, field: Any) -> bool:
    return bool(SECRET.search(field.name)) or (field.name == "digest" and label in OF_KEYS)


def _value(value: Any, as_json: bool) -> Any:
    if as_json and isinstance(value, str):
        return decode(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _plain(row: models.Model) -> str:
    return encode({field.attname: _value(field.value_from_object(row), False) for field in row._meta.concrete_fields}) + "\n"


def _write_lines(archive: zipfile.ZipFile, name: str, lines: list[str]) -> dict[str, Any]:
    text = "".join(lines).encode()
    archive.writestr(name, text)
    return {"file": name, "holds": "the workspace itself", "rows": len(lines), "sha256": hashlib.sha256(text).hexdigest()}
