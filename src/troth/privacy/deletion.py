"""The deleting of persons inside a transaction, shared by erasure and by the replay of the ledger after a restore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from troth.intake.deletion import withdraw_from_processing
from troth.kernel.crypto import derive, keyed_tag
from troth.kernel.personal_data import Subject, erase_everywhere
from troth.people.queries import load_identifiers
from troth.privacy.kept import set_aside
from troth.privacy.ledger_file import Held
from troth.privacy.news import erasures


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


def delete_persons(subjects: Sequence[Subject], *, now: int, request_id: str, held: Sequence[Held] = ()) -> Deleted:
    """Suppress, withdraw and delete persons from every declared store; what is held is sealed and set aside. Run it in one transaction."""
    handles = load_identifiers([subject.person_id for subject in subjects])
    done = Deleted(identifiers=sorted({(handle.kind, handle.value) for own in handles.values() for handle in own}))
    records: Counter[str] = Counter()
    for subject in subjects:
        tag = person_tag(subject.person_id)
        own = [one for one in held if one.person in ("", tag.hex())]
        whose = [(handle.kind, handle.value) for handle in handles.get(subject.person_id, [])]
        done.held += [one for one in set_aside(subject, own, whose, request_id=request_id, now=now) if one not in done.held]
        # First the look-ups go and the identifiers are suppressed: what arrives from now on is dropped.
        done.tags += withdraw_from_processing(subject, now=now, reason="erased", request_id=request_id)
        done.persons.append(tag)
        records.update(erase_everywhere(subject))
    erasures.tell(subjects, now)
    done.tags = sorted(set(done.tags))
    done.records = {name: number for name, number in records.items() if number}
    return done
