"""Everything held on one person (Art. 15 and 20): complete by construction, because it walks the same declarations that erasure walks.

JSON for machines, HTML for people, both streamed: the whole never lies in memory.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from django.db import transaction

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Store, Subject, stores

ROWS_ON_PAGE = 1_000
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1d22;background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2.5rem 0 .25rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0;"
    "color:#5b5e6b;font-size:.875rem}dt{font-weight:600}dd{margin:0}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.875rem}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #e3e4ea;overflow-wrap:anywhere;min-width:6rem}th{white-space:nowrap}"
    "nav a{margin-right:1rem}p.note{color:#5b5e6b}"
    "@media(prefers-color-scheme:dark){body{background:#15161a;color:#e8e9ee}dl,p.note{color:#a3a6b3}th,td{border-color:#2e3038}a{color:#9db7ff}}"
)


class ExportFormatUnknown(TrothError):
    """A file name that tells no format."""


def export_json(subject: Subject, *, workspace: str, now: int) -> Iterator[bytes]:
    """The export as JSON, in pieces: `{exported_at, workspace, person_id, sections: [{name, title, purpose, …, records: […]}]}`."""
    head = {"exported_at": iso(now), "workspace": workspace, "person_id": str(subject.person_id)}
    yield (encode(head)[:-1] + ',"sections":[').encode()
    for number, store in enumerate(stores()):
        yield (("," if number else "") + encode(_about(store))[:-1] + ',"records":[').encode()
        separator = ""
        for record in store.export(subject):
            yield (separator + encode(record)).encode()
            separator = ","
        yield b"]}"
    yield b"]}\n"


def export_html(subject: Subject, *, workspace: str, now: int) -> Iterator[bytes]:
    """The export as one self-contained page, in pieces; long sections are cut, the JSON has all."""
    title = f"Everything {escape(workspace)} holds about you"
    yield (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1><p class=note>Made {iso(now)}. The same data for machines is in person.json.</p><nav>"
    ).encode()
    for store in stores():
        yield f'<a href="#{store.name}">{escape(store.title.split(":")[0])}</a> '.encode()
    yield b"</nav>"
    for store in stores():
        yield from _section(store, subject)
    yield b"</body></html>\n"


def write_export(subject: Subject, path: Path, *, workspace: str, now: int) -> None:
    """Write `….json`, or `….zip` with person.json, person.html and a note. The file is readable by its owner alone. Raises ExportFormatUnknown."""
    if path.suffix not in (".json", ".zip"):
        raise ExportFormatUnknown("Name the file ….json or ….zip.")
    partial = path.with_name(f".{path.name}.part")
    partial.touch(mode=0o600)
    try:
        with transaction.atomic():
            if path.suffix == ".json":
                with partial.open("wb") as file:
                    file.writelines(export_json(subject, workspace=workspace, now=now))
            else:
                _write_zip(subject, partial, workspace=workspace, now=now)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_zip(subject: Subject, path: Path, *, workspace: str, now: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in (
            ("person.json", export_json(subject, workspace=workspace, now=now)),
            ("person.html", export_html(subject, workspace=workspace, now=now)),
        ):
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)
        archive.writestr("README.txt", f"Everything that {workspace} holds about you, made {iso(now)}.\nperson.html is for reading, person.json for machines.\n")


def _about(store: Store) -> dict[str, Any]:
    return {
        "name": store.name,
        "title": store.title,
        "category": store.category,
        "purpose": store.purpose,
        "source": store.origin,
        "retention": store.retention,
    }


def _section(store: Store, subject: Subject) -> Iterator[bytes]:
    facts = (("Category", store.category), ("Why", store.purpose), ("From", store.origin), ("Kept", store.retention))
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    yield f'<section id="{store.name}"><h2>{escape(store.title)}</h2><dl>{listed}</dl>'.encode()
    columns: list[str] = []
    number = 0
    for record in store.export(subject):
        number += 1
        if number > ROWS_ON_PAGE:
            continue
        if not columns:
            columns = list(record)
            yield ('<div class="wide"><table><tr>' + "".join(f"<th>{escape(name)}</th>" for name in columns) + "</tr>").encode()
        yield ("<tr>" + "".join(f"<td>{escape(_readable(record.get(name)))}</td>" for name in columns) + "</tr>").encode()
    if columns:
        yield b"</table></div>"
    if number > ROWS_ON_PAGE:
        yield f"<p class=note>{number - ROWS_ON_PAGE} more records are in person.json.</p>".encode()
    if not number:
        yield b"<p class=note>Nothing.</p>"
    yield b"</section>"


def _readable(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_readable(item)}" for name, item in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(_readable(item) for item in value) or "–"
    return str(value)
