"""The deleting of persons inside a transaction, shared by erasure and by the replay of the ledger after a restore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from troth.intake.deletion import withdraw_from_processing
from troth.kernel.crypto import derive, keyed_tag
from troth.kernel.personal_data import Subject, erase_everywhere
from troth.people.queries import load_identifiers
from troth.privacy.erasure.kept import set_aside
from troth.privacy.news import erasures
from troth.privacy.storage.ledger_file import Held


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data goes on one request, and the legal holds over it, of which some may be about others."""

    request_id: str
    subjects: Sequence[Subject]
    held: Sequence[Held] = ()


class Deleted(msgspec.Struct, kw_only=True):
    """What was deleted: suppression tags, keyed hashes of the person ids, records per store, and the identifiers, to search for."""

    persons: list[bytes] = []
    tags: list[bytes] = []
    records: dict[str, int] = {}
    identifiers: list[tuple[str, str]] = []
    """(kind, value)."""
    held: list[Held] = []
    """Legal holds that keep something of them."""


def person_tag(person_id: int) -> bytes:
    """A keyed hash by which the ledger knows a person again in a restored database."""
    return keyed_tag(derive(b"ledger/v1"), b"person\0%d" % person_id)


def delete_persons(departures: Sequence[Departure], *, now: int) -> list[Deleted]:
    """Suppress, withdraw and delete persons from every declared store; what is held is sealed and set aside. Run it in one transaction.

    No person is in two departures. What was deleted comes departure by departure.
    """
    leaving = [(subject, departure.request_id) for departure in departures for subject in departure.subjects]
    subjects = [subject for subject, _ in leaving]
    handles = load_identifiers([subject.person_id for subject in subjects])
    whose = {subject: [(handle.kind, handle.value) for handle in handles.get(subject.person_id, [])] for subject in subjects}
    held = [_set_aside(departure, whose, now) for departure in departures]
    # First the look-ups go and the identifiers are suppressed: what arrives from now on is dropped.
    tags = withdraw_from_processing(leaving, now=now, reason="erased")
    records = erase_everywhere(subjects)
    erasures.tell(subjects, now)
    return [
        Deleted(
            persons=[person_tag(subject.person_id) for subject in departure.subjects],
            tags=sorted({tag for subject in departure.subjects for tag in tags[subject.person_id]}),
            records=_add_up(records[subject.person_id] for subject in departure.subjects),
            identifiers=sorted({identifier for subject in departure.subjects for identifier in whose[subject]}),
            held=kept,
        )
        for departure, kept in zip(departures, held, strict=True)
    ]


def _add_up(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for own in found:
        total.update(own)
    return dict(total)


def _set_aside(departure: Departure, whose: Mapping[Subject, Sequence[tuple[str, str]]], now: int) -> list[Held]:
    """Keep what is held of the persons of a departure; returns the holds that keep something."""
    kept: list[Held] = []
    for subject in departure.subjects if departure.held else ():
        tag = person_tag(subject.person_id).hex()
        own = [one for one in departure.held if one.person in ("", tag)]
        found = set_aside(subject, own, whose[subject], request_id=departure.request_id, now=now)
        kept += [one for one in found if one not in kept]
    return kept
