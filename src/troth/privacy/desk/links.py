"""Signed links of the persons' own pages: to their data, and to a request that they follow. They name nobody but to this installation."""

from __future__ import annotations

from uuid import UUID

import msgspec
from django.conf import settings

from troth.kernel.clock import DAY
from troth.kernel.crypto import open_token, seal_token
from troth.kernel.personal_data import Subject
from troth.people.identifiers import EMAIL, make_handle

DATA, FOLLOW = b"my-data/v1", b"request/v1"
GOOD_FOR = DAY
LONGEST = 512


class DataLink(msgspec.Struct, frozen=True, array_like=True):
    """A link to everything that is held on a person. It ends after a day, and with the address that it was mailed to."""

    workspace_id: int
    person_id: int
    address: bytes
    """The keyed hash of the address."""
    at: int

    @property
    def subject(self) -> Subject:
        """Whose data it leads to."""
        return Subject(self.workspace_id, self.person_id)

    def is_good(self, now: int) -> bool:
        """Whether its day is not over."""
        return 0 <= now - self.at < GOOD_FOR


class FollowLink(msgspec.Struct, frozen=True, array_like=True):
    """A link to a request, which holds nothing personal once the person is gone; it does not end."""

    workspace_id: int
    request_id: bytes


def make_ask_url(workspace_id: int) -> str:
    """The address where persons ask for the link to their own data."""
    return f"{settings.TROTH_URL}/my/of/{workspace_id}"


def make_data_url(subject: Subject, address: str, now: int) -> str:
    """The address of the page of a person's own data, for a mail to an address that is on file."""
    return f"{settings.TROTH_URL}/my/{make_data_token(subject, address, now)}"


def make_data_token(subject: Subject, address: str, now: int) -> str:
    """The token alone."""
    handle = make_handle(subject.workspace_id, EMAIL, address)
    link = DataLink(subject.workspace_id, subject.person_id, handle.tag if handle else b"", now)
    return seal_token(DATA, msgspec.msgpack.encode(link))


def read_data_token(token: str) -> DataLink | None:
    """What a token says; None when it is not one of ours."""
    plain = open_token(DATA, token) if len(token) <= LONGEST else None
    return msgspec.msgpack.decode(plain, type=DataLink) if plain else None


def make_follow_url(workspace_id: int, request_id: UUID) -> str:
    """The address where a person follows a request, and gets the proof."""
    return f"{settings.TROTH_URL}/my/request/{make_follow_token(workspace_id, request_id)}"


def make_follow_token(workspace_id: int, request_id: UUID) -> str:
    """The token alone."""
    return seal_token(FOLLOW, msgspec.msgpack.encode(FollowLink(workspace_id, request_id.bytes)))


def read_follow_token(token: str) -> tuple[int, UUID] | None:
    """The workspace and the request of a token; None when it is not one of ours."""
    plain = open_token(FOLLOW, token) if len(token) <= LONGEST else None
    link = msgspec.msgpack.decode(plain, type=FollowLink) if plain else None
    return (link.workspace_id, UUID(bytes=link.request_id)) if link else None
