"""Who may call what: bearer keys with scopes, and the workspace that everything in a call is confined to."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from troth.api.errors import ScopeMissing
from troth.workspaces.keys import SCOPES, Grant, find_grant

NO_MEMBER = 0
"""Who acts where a key does: no user has this number."""


class Bearer(HttpBearer):
    """`Authorization: Bearer KEY`, and the scope that an operation asks for. Without a valid key 401, without the scope 403."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        if scope not in SCOPES:
            raise ValueError(f"There is no scope {scope}.")
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Grant | None:
        """The grant of the key. Raises ScopeMissing."""
        grant = find_grant(token) if 0 < len(token) <= 200 else None
        if grant and self.scope not in grant.scopes:
            raise ScopeMissing(self.scope)
        return grant


READ_PEOPLE = Bearer("people:read")
WRITE_PEOPLE = Bearer("people:write")
WRITE_CONSENT = Bearer("consent:write")
EXPORT = Bearer("export")
ERASE = Bearer("erase")
READ_MESSAGES = Bearer("messages:read")
WRITE_CHANNELS = Bearer("channels:write")
READ_REPORTS = Bearer("reports:read")
WRITE_WEBHOOKS = Bearer("webhooks:write")
WRITE_REGISTERS = Bearer("registers:write")
WRITE_CAMPAIGNS = Bearer("campaigns:write")
ACCOUNT = Bearer("account")


def workspace_of(request: HttpRequest) -> int:
    """The workspace of the key that the call came with."""
    return cast("Grant", request.auth).workspace_id  # type: ignore[attr-defined]


def key_of(request: HttpRequest) -> int:
    """The number of the key that the call came with."""
    return cast("Grant", request.auth).key_id  # type: ignore[attr-defined]


def may(request: HttpRequest, scope: str) -> bool:
    """Whether the key that the call came with has a further scope."""
    return scope in cast("Grant", request.auth).scopes  # type: ignore[attr-defined]
