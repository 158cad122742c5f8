"""What a recipient has to know to find the person, and what became of their data: sealed, until the recipient has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from troth.kernel.crypto import open_sealed, seal
from troth.kernel.json_text import decode, encode
from troth.people.identifiers import DEVICE, EMAIL, EXTERNAL_ID, PHONE
from troth.privacy.disclosures.log import CHANNEL, RIGHTS_NOTICE
from troth.privacy.disclosures.reading import Recipient
from troth.privacy.models.disclosures import RecipientNotice

SEAL = b"downstream/v1"
BY_MEDIUM = {"email": (EMAIL,), "sms": (PHONE,), "push": (DEVICE,)}
KNOWN = (EXTERNAL_ID, EMAIL, PHONE)
"""By what everybody else may know a person."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is told: by what the recipient knows the person, and of a correction the values that are right."""

    identities: list[tuple[str, str]] = []
    """(kind, value), those of before a correction too."""
    corrected: dict[str, Any] = {}
    """Attributes as they are now; None: removed."""
    now_known_as: list[tuple[str, str]] = []
    """Identifiers that came by the correction."""
    purposes: list[str] = []
    """Objected to, or withdrawn."""


def seal_told(notice: RecipientNotice, told: Told) -> bytes:
    """Encrypted, for this notice alone."""
    return seal(SEAL, encode(msgspec.to_builtins(told)).encode(), notice.id.bytes)


def open_told(notice: RecipientNotice) -> Told | None:
    """What is to be told; None once it is destroyed."""
    opened = open_sealed(SEAL, bytes(notice.sealed), notice.id.bytes) if notice.sealed is not None else None
    return msgspec.convert(decode(opened), Told) if opened is not None else None


def knows(recipient: Recipient, identifiers: Mapping[int, Iterable[tuple[str, str]]]) -> list[tuple[str, str]]:
    """By what a recipient knows the persons whose data they got: a mail provider by addresses, and so on. Pure.

    `identifiers`: (kind, value) by person.
    """
    found: set[tuple[str, str]] = set()
    for row in recipient.rows:
        if row.what == RIGHTS_NOTICE:
            continue  # it was told by what it knew already
        kinds = BY_MEDIUM.get(row.what, KNOWN) if row.kind == CHANNEL else KNOWN
        found |= {one for one in identifiers.get(row.person_id, ()) if one[0] in kinds}
    return sorted(found)


def got_attributes(recipient: Recipient) -> bool:
    """Whether they were told more than what a message says. Pure."""
    return any(row.kind != CHANNEL and row.what != RIGHTS_NOTICE for row in recipient.rows)
