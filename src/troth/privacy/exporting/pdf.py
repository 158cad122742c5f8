"""The access answer as a PDF to read and to keep (PDF/A): what the person must be told first, then their data, kind by kind.

A table holds so many rows as people read; JSON has all of them, and the PDF says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from troth.kernel.pdf import Document
from troth.kernel.personal_data import Store, Subject, stores
from troth.privacy.exporting.page import PARTS, is_moment, reading_order

ROWS = 200
LONGEST = 1_000
"""Characters of a cell; the JSON has the whole."""
COLUMNS = 7


def write_pdf(subject: Subject, head: dict[str, Any]) -> bytes:
    """The file."""
    name = head["workspace"]["name"]
    document = Document(
        f"Everything {name} keeps about you",
        under=f"Art. 15 GDPR · as of {head['exported_at'][:10]}",
        foot=f"{name}, {head['exported_at']}",
    )
    known = ", ".join(f"{item['value']} ({item['kind'].replace('_', ' ')})" for item in head["person"]["identifiers"]) or "no identifier"
    document.text(
        f"You are known as {known}, since {head['person']['known_since'][:10]}. The same data, complete and for machines, is in the JSON."
    )
    _tell_answer(document, head["answer"])
    empty = []
    for store in sorted(stores(), key=reading_order):
        records = store.export(subject)
        first = next(records, None)
        if first is None:
            empty.append(store.title)
        else:
            _tell_store(document, store, first, records)
    document.heading("Nothing of you is kept here")
    document.items(empty)
    return document.as_pdf()


def _tell_answer(document: Document, answer: dict[str, Any]) -> None:
    document.heading("Who is answerable")
    document.facts([(_words(name), str(value)) for name, value in answer["controller"].items()])
    for key, title in PARTS.items():
        rows = answer[key]
        document.heading(title)
        if not rows:
            document.text("None.")
        elif isinstance(rows[0], str):
            document.items(rows)
        else:
            _table(document, list(rows[0]), rows)


def _tell_store(document: Document, store: Store, first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> None:
    document.heading(store.title)
    document.facts(
        [("Category", store.category), ("Why it is kept", store.purpose), ("Where it is from", store.origin), ("How long", store.retention)]
    )
    rows = [first, *islice(rest, ROWS - 1)]
    _table(document, list(first), rows)
    if more := sum(1 for _ in rest):
        document.text(f"{more:,} more are in the JSON.")


def _table(document: Document, columns: list[str], rows: list[dict[str, Any]]) -> None:
    """A table while its columns fit on a page; wider records one below the other."""
    if len(columns) <= COLUMNS:
        document.table([_words(name) for name in columns], [[_cell(row.get(name)) for name in columns] for row in rows])
        return
    for row in rows:
        document.facts([(_words(name), _cell(value)) for name, value in row.items() if value not in (None, "", [], {})])


def _cell(value: Any) -> str:
    text = _plain(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _plain(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{_words(str(name))}: {_plain(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " · ".join(_plain(item) for item in value)
    text = str(value)
    return f"{text[:10]} {text[11:16]} UTC" if is_moment(text) else text


def _words(name: str) -> str:
    return name.replace("_", " ")
