"""Identifiers: their normal form, and the keyed hash under which they are found.

E-mail: NFKC, trimmed, case-folded, IDNA domain without trailing dot. Phone: E.164. Everything else is compared byte by byte.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import phonenumbers

from troth.kernel.crypto import derive, short_tag
from troth.kernel.ids import bucket_of_tag

EXTERNAL_ID = "external_id"
ANONYMOUS_ID = "anonymous_id"
EMAIL = "email"
PHONE = "phone"
DEVICE = "device"
KINDS = (EXTERNAL_ID, ANONYMOUS_ID, EMAIL, PHONE, DEVICE)
UNIQUE_KINDS = frozenset({EXTERNAL_ID, ANONYMOUS_ID})
REPLACED_KINDS = frozenset({EMAIL, PHONE})
"""A person has one current e-mail address and phone: a new one replaces the old (Art. 16, past values are not kept)."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A normalised identifier with its tag."""

    kind: str
    value: str
    tag: bytes
    detail: str = ""

    @property
    def bucket(self) -> int:
        """The bucket of the look-up row."""
        return bucket_of_tag(self.tag)

    @property
    def is_unique(self) -> bool:
        """Whether one person at most can have it."""
        return self.kind in UNIQUE_KINDS


def identifier_tag(workspace_id: int, kind: str, normalised: str) -> bytes:
    """The 16-byte keyed hash of a normalised identifier, of its own in each workspace."""
    return short_tag(derive(b"identify/v1:%d" % workspace_id), f"{kind}\0{normalised}".encode())


def make_handle(workspace_id: int, kind: str, value: str, detail: str = "") -> Handle | None:
    """Normalise a value and hash it; None when it cannot be an identifier of that kind (an unreadable phone number)."""
    normalised = normalise(kind, value)
    if not normalised:
        return None
    return Handle(kind, normalised, identifier_tag(workspace_id, kind, normalised), detail)


def normalise(kind: str, value: str) -> str:
    """The form in which identifiers of a kind are compared; empty when the value is none."""
    if kind == EMAIL:
        return normalise_email(value)
    if kind == PHONE:
        return normalise_phone(value)
    return value


LONGEST_ADDRESS = 320
"""Characters: 64 before the @ and 255 behind it (RFC 5321, 4.5.3.1). The normal form of one letter can be eighteen."""
_AROUND = " \t\r\n\v\f<>"


def normalise_email(value: str) -> str:
    """An address in its normal form. ASCII, by far the most, takes the short way."""
    if value.isascii():
        text = value.strip(_AROUND).lower()
        return text.rstrip(".")
    text = unicodedata.normalize("NFKC", value).strip(_AROUND).casefold()
    if len(text) > LONGEST_ADDRESS:
        return ""
    local, at, domain = text.rpartition("@")
    if not at:
        return text
    try:
        domain = domain.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        domain = domain.rstrip(".")
    return f"{local}@{domain}"


GOOGLE_DOMAINS = frozenset({"gmail.com", "googlemail.com"})


def fold_email(normalised: str) -> str:
    """The address without `+tag`; for Google also without dots and under one domain. Suppressions are looked up by both forms."""
    local, at, domain = normalised.rpartition("@")
    if not at:
        return normalised
    local = local.partition("+")[0]
    if domain in GOOGLE_DOMAINS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def normalise_phone(value: str) -> str:
    """The number in E.164 when it carries a country code; empty otherwise."""
    text = value.strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    if not text.startswith("+"):
        return ""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
