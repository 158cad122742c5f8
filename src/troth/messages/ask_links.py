"""The link in a mail that asks for consent: sealed, it names a person and what is asked to nobody but this installation."""

from __future__ import annotations

import msgspec
from django.conf import settings

from troth.kernel.crypto import open_token, seal_token

LABEL = b"ask/v1"
TEST = "test"
"""The token of links in mails to testers; no sealed token is so short."""
LONGEST_TOKEN = 512


class AskLink(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: who is asked, in which asking (`campaigns.Repermission`), by which message."""

    workspace_id: int
    person_id: int
    asking_id: int
    message_id: int


def make_ask_url(link: AskLink) -> str:
    """The address of the page that asks."""
    return f"{settings.TROTH_URL}/a/{seal_token(LABEL, msgspec.msgpack.encode(link))}"


def make_test_ask_url() -> str:
    """What stands in its place in a mail to a tester, who must not answer for the person."""
    return f"{settings.TROTH_URL}/a/{TEST}"


def read_ask_token(token: str) -> AskLink | None:
    """What a token says, or None when it is not one of ours."""
    plain = open_token(LABEL, token) if len(token) <= LONGEST_TOKEN else None
    return msgspec.msgpack.decode(plain, type=AskLink) if plain else None
