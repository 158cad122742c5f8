"""Everything held on one person (Art. 15 and 20): complete by construction, because it walks the same declarations that erasure walks.

JSON for machines, HTML for people (`export_page`), both in pieces: the whole never lies in memory.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.db import connection, transaction

from troth.kernel.clock import iso, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject, stores
from troth.kernel.speech import ENGLISH, Speech
from troth.kernel.sql import is_sqlite
from troth.people.lookup import load_person
from troth.people.queries import load_identifiers
from troth.privacy.disclosures.reading import export_disclosures
from troth.privacy.exporting.answer import read_answer
from troth.privacy.exporting.page import render_page
from troth.privacy.exporting.pdf import write_pdf
from troth.privacy.exporting.speech import speech_for
from troth.privacy.spreadsheets import write_table
from troth.privacy.storage.places import exports_dir, make_private_dir
from troth.workspaces.models import Workspace

PIECE = 64 * 1024
SUFFIXES = (".json", ".zip", ".pdf")
IN_MEMORY = 8 * 1024 * 1024
README = """This archive holds everything that {workspace} keeps about you, as of {at}.

person.html   for reading: open it in any browser; it loads nothing from anywhere
person.json   the same, complete and for machines (Art. 20 GDPR: take it to another provider if you like)
recipients.csv  who got data of you, by name, as a table; it is missing if nobody did

You may have your data corrected (Art. 16) or erased (Art. 17), restrict or object to its use (Art. 18, 21), withdraw any consent
(Art. 7(3)), and complain to a supervisory authority (Art. 77).
"""


class ExportFormatUnknown(TrothError):
    """A file name that tells no format."""

    def __init__(self) -> None:
        super().__init__("The name of the export must end in .zip, .json or .pdf.")


def export_person(subject: Subject, *, now: int | None = None, language: str = "") -> Iterator[bytes]:
    """The JSON export in pieces: `{exported_at, workspace, person, language, answer, sections: [{name, title, …, records: […]}]}`.

    What it says in words is in `language`, else in the person's (`speech.speech_for`). Raises PersonNotFound. Whoever sends it to a slow reader uses `open_export`, which does not keep the database waiting.
    """
    say = speech_for(subject, language)
    yield from _in_pieces(_json_texts(subject, load_whole_head(subject, now_ms() if now is None else now, say), say))


def export_html(subject: Subject, *, now: int | None = None, language: str = "") -> Iterator[bytes]:
    """The export as one self-contained page, in pieces. Raises PersonNotFound."""
    say = speech_for(subject, language)
    yield from _in_pieces(render_page(subject, load_whole_head(subject, now_ms() if now is None else now, say), say))


def write_export(subject: Subject, path: Path, *, now: int | None = None, language: str = "") -> None:
    """Write `….json`, `….pdf`, or `….zip` with person.json, person.html and README.txt; only its owner may read the file.

    Raises PersonNotFound, ExportFormatUnknown, OSError.
    """
    if path.suffix not in SUFFIXES:
        raise ExportFormatUnknown
    at = now_ms() if now is None else now
    partial = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            _write(subject, file, path.suffix, at, language)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def open_export(subject: Subject, suffix: str, *, now: int | None = None, language: str = "") -> IO[bytes]:
    """The finished export (`.json`, `.pdf` or `.zip`) as a file to read: in memory while small, else in a file without a name under DATA/exports."""
    if suffix not in SUFFIXES:
        raise ExportFormatUnknown
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(make_private_dir(exports_dir())))  # noqa: SIM115 -- the caller closes it
    try:
        _write(subject, cast("IO[bytes]", file), suffix, now_ms() if now is None else now, language)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast("IO[bytes]", file)


def load_head(subject: Subject, now: int) -> dict[str, Any]:
    """Who the export is about, and whose it is. Raises PersonNotFound."""
    person = load_person(subject)
    identifiers = load_identifiers([subject.person_id]).get(subject.person_id, [])
    return {
        "exported_at": iso(now),
        "workspace": {"id": subject.workspace_id, "name": Workspace.objects.values_list("name", flat=True).get(pk=subject.workspace_id)},
        "person": {
            "id": str(subject.person_id),
            "known_since": iso(person.created_at),
            "identifiers": [{"kind": handle.kind, "value": handle.value} for handle in identifiers],
        },
    }


def load_whole_head(subject: Subject, now: int, say: Speech = ENGLISH) -> dict[str, Any]:
    """The same with what an answer to a request for access tells beside the data (Art. 15(1), (2)). Raises PersonNotFound."""
    return {**load_head(subject, now), "language": say.language, "answer": read_answer(subject, now, say)}


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as of one instant, without keeping writers waiting. Keep it short: an open reader holds up erasure (rule S5)."""
    if connection.in_atomic_block:
        yield
    elif is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def _write(subject: Subject, file: IO[bytes], suffix: str, now: int, language: str) -> None:
    with snapshot():
        say = speech_for(subject, language)
        head = load_whole_head(subject, now, say)
        if suffix == ".json":
            file.writelines(_in_pieces(_json_texts(subject, head, say)))
            return
        if suffix == ".pdf":
            file.write(write_pdf(subject, head, say))
            return
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, texts in (("person.json", _json_texts(subject, head, say)), ("person.html", render_page(subject, head, say))):
                with archive.open(name, "w", force_zip64=True) as member:
                    for piece in _in_pieces(texts):
                        member.write(piece)
            write_table(archive, "recipients.csv", export_disclosures(subject))
            archive.writestr("README.txt", say.whole("note", README, workspace=head["workspace"]["name"], at=head["exported_at"]))


def _json_texts(subject: Subject, head: dict[str, Any], say: Speech) -> Iterator[str]:
    yield encode(head)[:-1] + ',"sections":['
    for number, store in enumerate(stores()):
        yield ("," if number else "") + encode(say.about(store))[:-1] + ',"records":['
        separator = "\n"
        for record in store.export(subject):
            yield separator + encode(record)
            separator = ",\n"
        yield "]}"
    yield "]}\n"


def _in_pieces(texts: Iterator[str]) -> Iterator[bytes]:
    """Join short texts, so that each piece is worth a write."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()
