"""The link at which whoever asked follows a leaving and gets the certificate: it needs no log-in, because that goes too."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from troth.kernel.crypto import open_token, seal_token
from troth.privacy.models.leaving import Leaving

LABEL = b"leaving/v1"
LONGEST = 200


def make_leaving_url(leaving: Leaving) -> str:
    """Its address; good as long as the leaving is remembered."""
    return f"{settings.TROTH_URL}/leaving/{seal_token(LABEL, leaving.pk.bytes)}"


def find_leaving(token: str) -> Leaving | None:
    """The leaving of a link; None when it is not one of ours, or forgotten."""
    plain = open_token(LABEL, token) if len(token) <= LONGEST else None
    return Leaving.objects.filter(pk=UUID(bytes=plain)).first() if plain else None
