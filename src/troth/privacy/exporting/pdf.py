"""The access answer as a PDF to read and to keep (PDF/A): what the person must be told first, then their data, kind by kind.

A table holds so many rows as people read; JSON has all of them, and the PDF says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from babel.numbers import format_decimal

from troth.kernel.pdf import Document
from troth.kernel.personal_data import Store, Subject, stores
from troth.kernel.speech import ENGLISH, Speech
from troth.privacy.exporting.page import PARTS, facts_of, is_moment, name_field, reading_order, say_codes

ROWS = 200
LONGEST = 1_000
"""Characters of a cell; the JSON has the whole."""
COLUMNS = 7


def write_pdf(subject: Subject, head: dict[str, Any], say: Speech = ENGLISH) -> bytes:
    """The file."""
    name = head["workspace"]["name"]
    document = Document(
        say("Everything {workspace} keeps about you", workspace=name),
        under=say("Art. 15 GDPR · as of {day}", day=head["exported_at"][:10]),
        foot=f"{name}, {head['exported_at']}",
        language=say.language,
    )
    known = ", ".join(f"{item['value']} ({name_field(item['kind'], say)})" for item in head["person"]["identifiers"])
    known_as = say(
        "You are known as {known}, since {since}.", known=known or say("no identifier"), since=head["person"]["known_since"][:10]
    )
    document.text(f"{known_as} {say('The same data, complete and for machines, is in the JSON.')}")
    _tell_answer(document, head["answer"], say)
    empty = []
    for store in sorted(stores(), key=reading_order):
        records = store.export(subject)
        first = next(records, None)
        if first is None:
            empty.append(say(store.title))
        else:
            _tell_store(document, store, first, records, say)
    document.heading(say("Nothing of you is kept here"))
    document.items(empty)
    return document.as_pdf()


def _tell_answer(document: Document, answer: dict[str, Any], say: Speech) -> None:
    document.heading(say("Who is answerable"))
    document.facts([(name_field(name, say), str(value)) for name, value in answer["controller"].items()])
    for key, title in PARTS.items():
        rows = answer[key]
        document.heading(say(title))
        if not rows:
            document.text(say("None."))
        elif isinstance(rows[0], str):
            document.items(rows)
        else:
            _table(document, list(rows[0]), [say_codes(row, say) for row in rows], say)


def _tell_store(document: Document, store: Store, first: dict[str, Any], rest: Iterator[dict[str, Any]], say: Speech) -> None:
    document.heading(say(store.title))
    document.facts(facts_of(store, say))
    rows = [first, *islice(rest, ROWS - 1)]
    _table(document, list(first), rows, say)
    if more := sum(1 for _ in rest):
        document.text(say("{number} more are in the JSON.", number=format_decimal(more, locale=say.language)))


def _table(document: Document, columns: list[str], rows: list[dict[str, Any]], say: Speech) -> None:
    """A table while its columns fit on a page; wider records one below the other."""
    if len(columns) <= COLUMNS:
        document.table([name_field(name, say) for name in columns], [[_cell(row.get(name), say) for name in columns] for row in rows])
        return
    for row in rows:
        document.facts([(name_field(name, say), _cell(value, say)) for name, value in row.items() if value not in (None, "", [], {})])


def _cell(value: Any, say: Speech) -> str:
    text = _plain(value, say)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _plain(value: Any, say: Speech) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')}: {_plain(item, say)}" for name, item in value.items())
    if isinstance(value, list):
        return " · ".join(_plain(item, say) for item in value)
    text = str(value)
    return f"{text[:10]} {text[11:16]} UTC" if is_moment(text) else text
