"""Whom the identities of a request lead to. Nothing of them is kept: hashes least of all.

What comes raw is found by its keyed hash, at once. What comes hashed (MD5, SHA-1, SHA-256) fits no index of ours, as ours are keyed: every
identifier of that kind in the workspace is hashed and compared, a few buckets at a time. That costs about four seconds of a core for each million, and memory for
a 256th of them; all hashes of a request are looked for in one pass.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

from django.db import connection

from troth.kernel.errors import TrothError
from troth.kernel.ids import BUCKETS
from troth.kernel.personal_data import Subject
from troth.people.identifiers import PHONE as PHONE_KIND
from troth.people.lookup import find_people
from troth.people.queries import find_active
from troth.privacy.opendsr.bodies import FORMATS, Identity
from troth.privacy.opendsr.offering import KINDS

HASHES: Mapping[str, Callable[[bytes], Any]] = MappingProxyType(
    {
        "md5": partial(hashlib.md5, usedforsecurity=False),
        "sha1": partial(hashlib.sha1, usedforsecurity=False),
        "sha256": hashlib.sha256,
    }
)
RAW = "raw"
TOGETHER = 16
"""Buckets that are read at a time."""


class IdentityUnsupported(TrothError):
    """Nothing in a request names a person in a way that our discovery offers."""

    def __init__(self) -> None:
        super().__init__("no identity of a supported type and format: see the discovery")


def find_subjects(workspace_id: int, identities: Sequence[Identity], phone: str = "") -> list[Subject]:
    """Everybody whom any of the identities leads to, in a fixed order. Raises IdentityUnsupported when none can be looked up at all."""
    usable = [one for one in identities if one.identity_type in KINDS and one.identity_format in FORMATS and one.identity_value]
    if not usable and not phone:
        raise IdentityUnsupported
    found = {subject.person_id for subject in find_people(workspace_id, phone, (PHONE_KIND,))} if phone else set()
    hashed: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for one in usable:
        kind = KINDS[one.identity_type]
        if one.identity_format == RAW:
            found.update(subject.person_id for subject in find_people(workspace_id, one.identity_value, (kind,)))
        else:
            with suppress(ValueError):  # what is no hexadecimal number is the hash of nobody
                hashed[kind, one.identity_format].add(bytes.fromhex(one.identity_value.strip()))
    if hashed:
        found.update(_find_hashed(workspace_id, hashed))
    active = find_active(found)
    return [Subject(workspace_id, person_id) for person_id in sorted(found) if active.get(person_id) == workspace_id]


def _find_hashed(workspace_id: int, wanted: Mapping[tuple[str, str], set[bytes]]) -> Iterator[int]:
    for rows in _read_identifiers(workspace_id, sorted({kind for kind, _form in wanted})):
        for (kind, form), hashes in wanted.items():
            make = HASHES[form]
            yield from (person_id for of, value, person_id in rows if of == kind and make(value.encode()).digest() in hashes)


def _read_identifiers(workspace_id: int, kinds: Sequence[str]) -> Iterator[list[tuple[str, str, int]]]:
    """(kind, value, person) of everybody in a workspace, over all buckets, a range of them at a time."""
    places = ", ".join(["%s"] * len(kinds))
    for first in range(0, BUCKETS, TOGETHER):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT kind, value, person_id FROM people_identifier"
                f" WHERE bucket >= %s AND bucket < %s AND workspace_id = %s AND kind IN ({places})",
                [first, first + TOGETHER, workspace_id, *kinds],
            )
            yield cursor.fetchall()
