"""The readable page of an export: one file, no script, nothing loaded from anywhere. It escapes whatever others sent."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import Any

from babel.numbers import format_decimal

from troth.kernel.personal_data import Store, Subject, stores
from troth.kernel.speech import ENGLISH, Speech
from troth.kernel.spoken_durations import say_duration_in

ROWS = 1_000
"""Rows of a section shown; the JSON has all."""
PARTS = {
    "purposes": "What your data is used for, and on which legal basis",
    "retention": "How long each kind of your data is kept",
    "transfers": "Transfers outside the European Economic Area, and what safeguards them",
    "decisions": "What was decided about you, and why",
    "automated_decisions": "Decisions that are taken by machine, and their logic",
    "rights": "What you may ask for",
}
"""What an answer tells beside the data (`answer.read_answer`), with its titles."""
CODES = ("kind", "legal_basis")
"""Fields of the answer that hold codes, which are said in words."""
LASTS = "retention"
"""The field that may hold a duration."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root{--ink:#1c1d22;--soft:#5a5d69;--line:#dfe1e8;--back:#fff;--band:#f5f6f9;--mark:#3148c8}
@media(prefers-color-scheme:dark){:root{--ink:#e9eaf0;--soft:#a2a6b5;--line:#33363f;--back:#16171b;--band:#1e2026;--mark:#9fb1ff}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:2.5rem 1.25rem 5rem;color:var(--ink);background:var(--back)}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem}
h2{font-size:1.2rem;margin:0}
a{color:var(--mark)}
.note{color:var(--soft);margin:.4rem 0}
nav ul{list-style:none;padding:0;margin:1.5rem 0 0;border-top:1px solid var(--line)}
nav li{display:flex;justify-content:space-between;gap:1rem;padding:.35rem 0;border-bottom:1px solid var(--line)}
nav .note{margin:0;font-size:.9rem}
section{margin-top:3rem}
section>p:first-of-type{margin-top:.2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.6rem 0 1rem;font-size:.9rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:.4rem}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;border-bottom:1px solid var(--line);max-width:26rem;overflow-wrap:break-word}
tr:last-child td{border-bottom:0}
th{background:var(--band);white-space:nowrap;font-weight:600}
.when{white-space:nowrap;font-variant-numeric:tabular-nums}
td dd{overflow-wrap:break-word}
td dl{margin:0;gap:.05rem .7rem;font-size:inherit}
td ul{margin:0;padding-left:1.1rem}
@media print{body{max-width:none;padding:0}section{break-inside:auto}}
"""


def render_page(subject: Subject, head: dict[str, Any], say: Speech = ENGLISH) -> Iterator[str]:
    """The page, text by text."""
    title = escape(say("Everything {workspace} keeps about you", workspace=head["workspace"]["name"]))
    yield (
        f'<!doctype html>\n<html lang="{say.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="no-referrer"><title>{title}</title><style>{STYLE}</style></head>\n<body>\n<header><h1>{title}</h1>'
    )
    yield from _greeting(head, say)
    ordered = sorted(stores(), key=reading_order)
    empty = [store for store in ordered if next(store.export(subject), None) is None]
    filled = [store for store in ordered if store not in empty]
    yield f'</header>\n<nav aria-label="{escape(say("Contents"))}"><ul>'
    for key, part in PARTS.items():
        yield f'<li><a href="#answer-{key}">{escape(say(part))}</a></li>'
    for store in filled:
        yield f'<li><a href="#{escape(store.name)}">{escape(_short(say(store.title)))}</a><span class=note>{escape(say(store.category))}</span></li>'
    yield "</ul></nav>\n<main>"
    yield from _render_answer(head["answer"], say)
    for store in filled:
        yield from _render_section(store, subject, say)
    yield _list_empty(empty, say)
    yield "</main>\n</body></html>\n"


def _greeting(head: dict[str, Any], say: Speech) -> Iterator[str]:
    identifiers = head["person"]["identifiers"]
    known = ", ".join(f"{escape(item['value'])} ({escape(name_field(item['kind'], say))})" for item in identifiers)
    as_of = escape(say("As of {at}. The same data, complete and for machines, is in person.json."))
    yield f"<p class=note>{as_of.format(at=_moment(head['exported_at']))}</p>"
    known_as = escape(say("You are known as {known}, since {since}."))
    yield f"<p>{known_as.format(known=known or escape(say('no identifier')), since=_moment(head['person']['known_since']))}</p>"


def _render_answer(answer: dict[str, Any], say: Speech) -> Iterator[str]:
    yield f'\n<section id="answer-controller"><h2>{escape(say("Who is answerable"))}</h2><dl>'
    yield "".join(
        f"<dt>{escape(name_field(name, say))}</dt><dd>{_readable(value, say)}</dd>" for name, value in answer["controller"].items()
    )
    yield "</dl></section>"
    for key, title in PARTS.items():
        rows = answer[key]
        yield f'\n<section id="answer-{key}"><h2>{escape(say(title))}</h2>'
        if not rows:
            yield f"<p class=note>{escape(say('None.'))}</p></section>"
        elif isinstance(rows[0], str):
            yield f"{_readable(rows, say)}</section>"
        else:
            yield f"<div class=wide><table>{_head(list(rows[0]), say)}<tbody>"
            yield from (_row(list(rows[0]), say_codes(row, say), say) for row in rows)
            yield "</tbody></table></div></section>"


def say_codes(row: dict[str, Any], say: Speech) -> dict[str, Any]:
    """A row of the answer with its codes in words, and its durations."""
    said = {name: say.named(value) if name in CODES and isinstance(value, str) else value for name, value in row.items()}
    return {**said, **({LASTS: say_duration_in(row[LASTS], say.language)} if LASTS in row else {})}


def _head(columns: list[str], say: Speech) -> str:
    return "<thead><tr>" + "".join(f"<th scope=col>{escape(name_field(name, say))}</th>" for name in columns) + "</tr></thead>"


def _render_section(store: Store, subject: Subject, say: Speech) -> Iterator[str]:
    yield f'\n<section id="{escape(store.name)}"><h2>{escape(say(store.title))}</h2><dl>'
    yield "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts_of(store, say)) + "</dl>"
    records = store.export(subject)
    first = next(records, {})
    columns = list(first)
    yield f"<div class=wide><table>{_head(columns, say)}<tbody>\n"
    yield _row(columns, first, say)
    for record in islice(records, ROWS - 1):
        yield _row(columns, record, say)
    yield "</tbody></table></div>"
    if more := sum(1 for _ in records):
        yield f"<p class=note>{escape(say('{number} more are in person.json.', number=format_decimal(more, locale=say.language)))}</p>"
    yield "</section>"


def facts_of(store: Store, say: Speech) -> list[tuple[str, str]]:
    """What must be told of a store, by its names."""
    return [
        (say("Category"), say(store.category)),
        (say("Why it is kept"), say(store.purpose)),
        (say("Where it is from"), say(store.origin)),
        (say("How long"), say(store.retention)),
    ]


def _list_empty(empty: list[Store], say: Speech) -> str:
    """What Troth could keep of a person, but keeps nothing of this one."""
    if not empty:
        return ""
    items = "".join(f"<li>{escape(say(store.title))}</li>" for store in empty)
    return f'\n<section id="nothing"><h2>{escape(say("Nothing of you is kept here"))}</h2><ul>{items}</ul></section>'


def reading_order(store: Store) -> tuple[int, str]:
    """Who you are, what you decided, what was sent, what you did; technical traces last."""
    order = ("profile", "identity", "decision", "communication", "behaviour")
    return (order.index(store.category) if store.category in order else len(order), store.name)


def _row(columns: list[str], record: dict[str, Any], say: Speech) -> str:
    return "<tr>" + "".join(_cell(record.get(name), say) for name in columns) + "</tr>\n"


def _cell(value: Any, say: Speech) -> str:
    if isinstance(value, str) and is_moment(value):
        return f"<td class=when>{_moment(value)}</td>"
    return f"<td>{_readable(value, say)}</td>"


def _readable(value: Any, say: Speech) -> str:
    """A value for reading: lists and objects laid out, nothing shown as JSON."""
    if value is None or value == "" or value == [] or value == {}:
        return f'<span class=note aria-label="{escape(say("empty"))}">–</span>'
    if isinstance(value, bool):
        return escape(say("yes" if value else "no"))
    if isinstance(value, dict):
        return "<dl>" + "".join(f"<dt>{escape(str(name))}</dt><dd>{_readable(item, say)}</dd>" for name, item in value.items()) + "</dl>"
    if isinstance(value, list):
        return "<ul>" + "".join(f"<li>{_readable(item, say)}</li>" for item in value) + "</ul>"
    return escape(str(value))


def is_moment(text: str) -> bool:
    """Whether a text is a moment as exports write it."""
    return len(text) == 24 and text[4] == text[7] == "-" and text[10] == "T" and text.endswith("Z")


def _moment(text: str) -> str:
    return f'<time datetime="{escape(text)}">{escape(text[:10])} {escape(text[11:19])} UTC</time>' if is_moment(text) else escape(text)


def name_field(name: str, say: Speech) -> str:
    """What a field is called for its reader."""
    known = {"ts": "happened", "at": "when", "external_id": "customer number", "anonymous_id": "browser"}
    return say.named(known.get(name, name))


def _short(title: str) -> str:
    return title.partition(":")[0].rstrip()
