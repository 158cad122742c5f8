"""What a claim of consent brings along to prove itself: read leniently, for a field that is not understood proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

import msgspec


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """How a double opt-in was confirmed."""

    method: str = ""
    """Of the HTTP request: `POST` after a human act; `GET` is what scanners and prefetching send."""
    human: bool = True
    """False: it was seen to be a prefetch or a scanner."""
    at: str = ""


class Guardian(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds parental responsibility and agreed for a child (Art. 8(1))."""

    verified: bool = False
    how: str = ""
    """How that was verified (Art. 8(2))."""
    record: str = ""
    """Where the guardian's own consent is kept."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was shown, what the person did, and how that is known. None and empty: it was not said."""

    notice: str = ""
    """The text shown, word for word, where it is not a published notice."""
    notice_key: str = ""
    notice_version: str | int = ""
    notice_hash: str = ""
    language: str = ""
    """Of what was shown, BCP 47."""
    surface_language: str = ""
    """Of the page or form around it."""
    default_state: str = ""
    """How the box stood before the person acted: `unchecked` is the only lawful one."""
    control_kind: str = ""
    """`checkbox`, `button`, `radio`, `signature`, `spoken`, `document`, …; or what is no act: see `linter.NO_ACT`."""
    control_label: str = ""
    purposes: list[str] = []
    """All purposes that the same control stood for."""
    bundled_with_terms: bool = False
    required_for_service: bool = False
    explicit: bool | None = None
    """Said in words that name the special category (Art. 9(2)(a))."""
    given_by: str = ""
    """`subject`; `guardian`; or `other_login`, `role_address`, `staff`."""
    artefact: str = ""
    """Where the signed form, letter or recording lies."""
    note: str = ""
    double_opt_in: Confirmation | None = None
    age: int | None = None
    """In years, when the person decided; only where it is asked."""
    country: str = ""
    """ISO 3166: whose age of consent counts."""
    guardian: Guardian | None = None
    of_age_on: str = ""
    """When a child comes of that age; a guardian's consent ends then."""
    giving_clicks: int | None = None
    withdrawal_clicks: int | None = None
    withdrawal_login: bool = False
    withdrawal_channel: str = ""
    """Where withdrawing takes another channel than giving: `post`, `phone`, …"""
    decided_at: str = ""
    """RFC 3339: when the person decided, where that was before it reached Troth."""
    says: dict[str, str] | None = None
    """What a text that is not a published notice says, by the names of `notices.SAYS`."""
    sale: str = ""
    """Soft opt-in: which sale made the person a customer, e.g. the number of an order."""
    own_similar_goods: bool | None = None
    """Soft opt-in: the messages are about own goods or services similar to those sold."""
    objection_offered: bool | None = None
    """Soft opt-in: when the address was collected the person could object, free of charge."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The notice that a claim refers to, as Troth keeps it."""

    key: str = ""
    version: str = ""
    language: str = ""
    text_hash: str = ""
    published_at: int = 0
    purposes: tuple[str, ...] = ()
    says: dict[str, str] | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a claim."""

    code: str
    kind: Literal["void", "missing"]
    why: str
    mend: str
    ground: str


_TYPES = {field.name: field.type for field in msgspec.structs.fields(Evidence)}


def read_evidence(said: Mapping[str, Any]) -> Evidence:
    """What is understood of evidence. A field of a wrong type counts as not said, and so never helps a claim."""
    try:
        return msgspec.convert(said, Evidence)
    except msgspec.ValidationError:
        understood = {name: value for name, value in said.items() if name in _TYPES and _is_of(_TYPES[name], value)}
        return msgspec.convert(understood, Evidence)


def _is_of(kind: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def hash_text(text: str) -> str:
    """The name of a text by its content: SHA-256 of its UTF-8 bytes, in hexadecimal."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def moment_of(text: str) -> int | None:
    """Milliseconds of an RFC 3339 time or a date (its first instant, UTC); None when it is neither."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
