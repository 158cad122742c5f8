"""Who must be told of a breach (Art. 34 GDPR): everybody whom it touched, each once, with what they can be reached by.

Drawn from the audit log: who was opened, shown in a list or taken away while the breach went on. In a list a person stands as a keyed tag
(`workspaces.shown`), so everybody who is there is gone through and their tag looked for; who was erased since leads to nobody, and is counted.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from troth.content.languages import languages_of
from troth.kernel.clock import iso
from troth.people.identifiers import DEVICE, EMAIL, EXTERNAL_ID, PHONE
from troth.people.queries import list_everybody, load_identifiers, load_profiles
from troth.privacy.breaches.affected import LOG, SHOWN, TOOK_AWAY, Affected, count_affected, select_acts, span_of
from troth.privacy.breaches.register import write_breach_step
from troth.privacy.models import Breach
from troth.privacy.spreadsheets import write_cell
from troth.workspaces.audit import NOBODY
from troth.workspaces.shown import key_of_tags, load_former_tags, split_tags, tag_of

AT_ONCE = 400_000
"""Persons of whom it is kept in memory what happened to them; of more the log is gone through again for each part."""
PAGE, DESCRIBED, READ = 5_000, 500, 500
HOW = ("opened", "shown", "taken_away")
"""Opened or changed by themselves; shown in a list; taken away in a file."""
OPENED, IN_LIST, TAKEN = 1, 2, 4
OF_EVERYBODY = ("workspace.takeaway_downloaded", "workspace.handed_over")
"""Acts after which somebody has everything of the workspace."""
COLUMNS = ("person_id", "email", "phone", "external_id", "devices", "language", "how", "first_at", "last_at")


@dataclass(slots=True)
class Trace:
    """What happened to somebody: from when to when (ms), and how, as bits of HOW."""

    first: int
    last: int
    how: int

    def add(self, at: int, how: int) -> None:
        """It happened again."""
        self.first, self.last, self.how = min(self.first, at), max(self.last, at), self.how | how


@dataclass(frozen=True)
class Touched:
    """Somebody to be told, and what they can be reached by; times in milliseconds."""

    person_id: int
    emails: list[str]
    phones: list[str]
    external_ids: list[str]
    devices: int
    """To how many push reaches."""
    language: str
    how: list[str]
    first_at: int
    last_at: int

    @property
    def is_reachable(self) -> bool:
        """Whether there is any way to write to them; who cannot be reached is told in public (Art. 34(3)(c))."""
        return bool(self.emails or self.phones or self.devices)


class TouchedList:
    """Whom a breach touched. Iterated once; after that `listed`, `unreachable` and `gone` say how many, and the register has it as a step.

    `counted` is the count of the audit log when the list was begun: its lists and files of which it is not noted whom they showed are not in the list.
    """

    def __init__(self, breach: Breach, *, now: int, only_user: int | None = None, by_user: int = 0) -> None:
        """`only_user`: only what that member did (0: keys and the command line). `by_user`: who draws the list up."""
        self.breach, self._now, self._by = breach, now, by_user
        since, until = span_of(breach, now)
        self.counted: Affected = count_affected(breach.workspace_id, since, until, only_user)
        self._clauses, self._values = select_acts(breach.workspace_id, since, until, only_user)
        self._key = key_of_tags(breach.workspace_id)
        self.listed = self.unreachable = self.gone = 0
        self._merged: set[int] = set()
        """Who merged and is in the list already: their tags may lie in several parts."""

    def __iter__(self) -> Iterator[Touched]:
        """By part of the tags, and in it by bucket and person. Over all buckets."""
        parts = 1 + self.counted.people // AT_ONCE
        for part in range(parts):
            traces, everything = self._read_log(part, parts)
            batch: dict[int, Trace] = {}
            for person_id, created_at, former in _everybody(self.breach.workspace_id):
                tag = tag_of(self._key, person_id)
                trace = self._put_together(traces, [tag, *former])
                if not trace and _part_of(tag, parts) != part:
                    continue
                if everything and created_at <= everything.last:
                    trace = trace or Trace(max(created_at, everything.first), everything.last, TAKEN)
                    trace.how |= TAKEN
                if trace and person_id not in self._merged:
                    batch[person_id] = trace
                    if former:
                        self._merged.add(person_id)
                if len(batch) == DESCRIBED:
                    yield from self._describe(batch)
                    batch = {}
            yield from self._describe(batch)
            self.gone += len(traces)
        write_breach_step(self.breach, "listed", self._by, self._now, detail=[self.listed, self.unreachable, self.gone])

    def _put_together(self, traces: dict[bytes, Trace], tags: list[bytes]) -> Trace | None:
        """What happened to somebody under any of their tags."""
        whole: Trace | None = None
        for tag in tags:
            if found := traces.pop(tag, None):
                if whole:
                    found.add(whole.first, whole.how)
                    found.add(whole.last, whole.how)
                whole = found
        return whole

    def summary(self) -> dict[str, int]:
        """How many are in the list, cannot be reached, are not there any more; lists and files of which it is not noted whom they held."""
        return {
            "listed": self.listed,
            "unreachable": self.unreachable,
            "gone": self.gone,
            "lists": self.counted.lists,
            "files": self.counted.exports,
        }

    def _read_log(self, part: int, parts: int) -> tuple[dict[bytes, Trace], Trace | None]:
        """By tag what happened to the persons of one part, and when everything of the workspace was taken."""
        traces: dict[bytes, Trace] = {}
        everything: Trace | None = None
        for person_id, action, at, tags in self._acts():
            if action in OF_EVERYBODY:
                everything = everything or Trace(at, at, TAKEN)
                everything.add(at, TAKEN)
            met = [(tag, IN_LIST) for tag in split_tags(bytes(tags))] if tags else []
            if person_id != NOBODY:
                met.append((tag_of(self._key, person_id), TAKEN if action in TOOK_AWAY else OPENED))
            for tag, how in met:
                if _part_of(tag, parts) == part:
                    traces.setdefault(tag, Trace(at, at, how)).add(at, how)
        return traces, everything

    def _acts(self) -> Iterator[tuple[int, str, int, Any]]:
        """The acts in their order: person, action, moment, tags of whom it showed. Over all buckets, from the index on age."""
        after = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT e.entry_id, e.person_id, e.action, e.at, s.tags FROM {LOG} e LEFT JOIN {SHOWN} s ON s.entry_id = e.entry_id"
                    f" WHERE {self._clauses} AND e.entry_id > %s ORDER BY e.entry_id LIMIT %s",
                    [*self._values, after, READ],
                )
                rows = cursor.fetchall()
            for after, *act in rows:  # noqa: B007 -- where the next page begins
                yield tuple(act)
            if len(rows) < READ:
                return

    def _describe(self, batch: dict[int, Trace]) -> Iterator[Touched]:
        held, profiles = load_identifiers(batch), load_profiles(batch)
        for person_id, trace in batch.items():
            by_kind: dict[str, list[str]] = {}
            for handle in held.get(person_id, []):
                by_kind.setdefault(handle.kind, []).append(handle.value)
            attributes, _tags = profiles.get(person_id, ({}, []))
            touched = Touched(
                person_id,
                by_kind.get(EMAIL, []),
                by_kind.get(PHONE, []),
                by_kind.get(EXTERNAL_ID, []),
                len(by_kind.get(DEVICE, [])),
                next(iter(languages_of(attributes)), ""),
                [name for bit, name in enumerate(HOW) if trace.how >> bit & 1],
                trace.first,
                trace.last,
            )
            self.listed += 1
            self.unreachable += not touched.is_reachable
            yield touched


def write_lines(touched: TouchedList) -> Iterator[str]:
    """A JSON object per line, and at the end one that tells how many they are: without it the list is not whole. Ids are text."""
    for one in touched:
        told = {
            "person_id": str(one.person_id),
            "emails": one.emails,
            "phones": one.phones,
            "external_ids": one.external_ids,
            "devices": one.devices,
            "language": one.language,
            "how": one.how,
            "first_at": iso(one.first_at),
            "last_at": iso(one.last_at),
        }
        yield json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"
    yield json.dumps(touched.summary(), separators=(",", ":")) + "\n"


def write_csv(touched: TouchedList) -> Iterator[str]:
    """A header, then a line per person (RFC 4180); of several addresses each stands after a semicolon."""
    yield _line(COLUMNS)
    for one in touched:
        several = ("; ".join(values) for values in (one.emails, one.phones, one.external_ids))
        yield _line(
            [str(one.person_id), *several, str(one.devices), one.language, " ".join(one.how), iso(one.first_at), iso(one.last_at)],
        )


def _line(cells: tuple[str, ...] | list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([write_cell(cell) for cell in cells])
    return written.getvalue()


def _part_of(tag: bytes, parts: int) -> int:
    return int.from_bytes(tag[:4], "big") % parts


def _everybody(workspace_id: int) -> Iterator[tuple[int, int, list[bytes]]]:
    """Who is there: person, since when, and the tags that they had before they merged."""
    after = 0
    while page := list_everybody(workspace_id, after, PAGE):
        former = load_former_tags(person_id for person_id, _ in page)
        yield from ((person_id, created_at, former.get(person_id, [])) for person_id, created_at in page)
        after = page[-1][0]
