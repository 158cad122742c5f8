"""Where something is handed over to: an HTTPS address that takes a PUT or POST, or an S3-compatible store."""

from __future__ import annotations

from typing import ClassVar, Literal
from urllib.parse import urlsplit

import msgspec

from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError

LABEL = b"handover-target/v1"
LONGEST = 2_000


class TargetInvalid(TrothError):
    """Not a target that can be used; the message begins with the field."""


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`put` and `post`: to the address, with `authorization` as it is. `s3`: a PUT to the address of the object, signed with the keys."""

    method: Literal["put", "post", "s3"] = "put"
    url: str
    authorization: str = ""
    access_key: str = ""
    secret_key: str = ""
    region: str = "us-east-1"

    @property
    def host(self) -> str:
        """What of the address is no secret."""
        return (urlsplit(self.url).hostname or "")[:255]


def check_target(target: Target) -> Target:
    """Raises TargetInvalid. Whether it leads inside is looked at when the connection stands (`messages.channels.outside`)."""
    parts = urlsplit(target.url)
    if parts.scheme != "https" or not parts.hostname or not target.url.isascii() or len(target.url) > LONGEST or " " in target.url:
        raise TargetInvalid("$.url: must be an https address of at most 2,000 characters: personal data goes over an encrypted line alone.")
    if parts.username or parts.password:
        raise TargetInvalid("$.url: must not hold a name and password: say them in `authorization`.")
    if (
        any(character in target.authorization for character in "\r\n")
        or len(target.authorization) > LONGEST
        or not target.authorization.isascii()
    ):
        raise TargetInvalid("$.authorization: must be one line of ASCII.")
    if target.method == "s3" and not (target.access_key and target.secret_key and target.region):
        raise TargetInvalid("$.access_key: an S3 target needs access_key, secret_key and region.")
    return target


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload in parts that was begun: with what it can be gone on with, if the file is the same (`parts`)."""

    LONGEST_ID: ClassVar[int] = 2_000
    id: str
    """As the store calls it."""
    sha256: str
    part: int
    """Bytes of a part."""


class Kept(Target, frozen=True, kw_only=True):
    """A target as it is stored."""

    upload: Upload | None = None


def seal_target(target: Target, upload: Upload | None = None) -> bytes:
    """As it is stored, with what was begun there."""
    return seal(LABEL, msgspec.json.encode({**msgspec.structs.asdict(target), "upload": upload}))


def open_target(sealed: bytes) -> Kept | None:
    """What was stored; None when it was sealed under another key."""
    plain = open_sealed(LABEL, sealed)
    return msgspec.json.decode(plain, type=Kept) if plain else None
