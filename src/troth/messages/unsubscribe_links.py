"""Unsubscribe links: opaque, sealed tokens that name a person and a purpose to nobody but this installation."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from troth.kernel.crypto import open_token, seal_token
from troth.kernel.personal_data import Subject

LABEL = b"unsubscribe/v1"
TEST = "test"
"""The token of links in mails to testers; no sealed token is so short."""


@dataclass(frozen=True)
class UnsubscribeLink:
    """What a token says: who, for which purpose, from which message."""

    subject: Subject
    purpose: str
    message_id: int


def make_unsubscribe_url(link: UnsubscribeLink) -> str:
    """The address of the one-click unsubscribe (RFC 8058) and of the page that asks."""
    return f"{settings.TROTH_URL}/u/{make_unsubscribe_token(link)}"


def make_preferences_url(link: UnsubscribeLink) -> str:
    """The address of the page where the person sees and changes what they decided."""
    return f"{settings.TROTH_URL}/p/{make_unsubscribe_token(link)}"


def make_test_url() -> str:
    """What stands in its place in a mail to a tester, or whoever tries a mail would withdraw the person's consent."""
    return f"{settings.TROTH_URL}/u/{TEST}"


def make_unsubscribe_token(link: UnsubscribeLink) -> str:
    """The token alone."""
    plain = f"{link.subject.workspace_id}\n{link.subject.person_id}\n{link.message_id}\n{link.purpose}"
    return seal_token(LABEL, plain.encode())


def read_unsubscribe_token(token: str) -> UnsubscribeLink | None:
    """What a token says, or None when it is not one of ours."""
    plain = open_token(LABEL, token)
    if plain is None:
        return None
    workspace_id, person_id, message_id, purpose = plain.decode().split("\n", 3)
    return UnsubscribeLink(Subject(int(workspace_id), int(person_id)), purpose, int(message_id))
