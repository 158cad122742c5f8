"""API keys: making, finding, revoking. A key is 256 random bits; what is stored is its SHA-256, its scopes and its first characters."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from troth.kernel.errors import TrothError
from troth.workspaces.models import Key, User, Workspace

TRACK = "track"
ACCOUNT = "account"
"""Given to a key by name alone: with it everything can be taken, and lost."""
SCOPES = {
    TRACK: "send people and events",
    "delete": "erase a person at once through the Vero door",
    "people:read": "read people, their events and consents",
    "people:write": "correct people",
    "consent:write": "record decisions",
    "export": "export everything held on a person",
    "erase": "erase a person and follow the request",
    "messages:read": "read the outbox",
    "reports:read": "read figures, and no person",
    "campaigns:write": "create, publish and pause campaigns",
    "channels:write": "add, change and remove channels",
    "dsr:write": "hand in persons' requests over OpenDSR, follow them and fetch their results",
    "registers:write": "keep the registers of breaches and agreements",
    "webhooks:write": "set up webhooks, read what they were told, and tell it again",
    ACCOUNT: "take everything of the workspace away, and ask for its deletion",
}
KINDS: dict[str, frozenset[str]] = {
    "server": frozenset(SCOPES) - {ACCOUNT},
    "tracking": frozenset({TRACK}),
    "write": frozenset({TRACK}),
}


TOLD = 4
"""Characters of a key's random part that are kept to tell it by."""
_used: set[int] = set()
"""Keys used in this process since that was last written down; adding to it is all that a request pays."""


class KeyInvalid(TrothError):
    """A scope or kind that does not exist."""


@dataclass(frozen=True)
class Grant:
    """What a presented key may do."""

    key_id: int
    workspace_id: int
    kind: str
    scopes: frozenset[str]
    certificate: str = ""
    """The SHA-256 of the client certificate that has to come with it at OpenDSR; empty: none."""


def digest_of(token: str) -> str:
    """The hash under which a key is stored."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def create_key(
    workspace: Workspace, kind: str, *, scopes: frozenset[str] | None = None, label: str = "", created_by: User | None = None
) -> str:
    """Make a key and return its text, which is shown this once. `kind` `api` takes explicit scopes. Raises KeyInvalid."""
    granted = KINDS.get(kind) if scopes is None else scopes
    if not granted or not granted <= SCOPES.keys():
        raise KeyInvalid(f"Unknown kind or scope: kinds are {', '.join(KINDS)} and api; scopes are {', '.join(SCOPES)}.")
    secret = secrets.token_urlsafe(32)
    token = f"tr_{kind}_{secret}"
    Key.objects.create(
        workspace=workspace,
        kind=kind,
        label=label,
        prefix=token[: len(token) - len(secret) + TOLD],
        digest=digest_of(token),
        scopes=sorted(granted),
        created_by=created_by,
    )
    return token


def find_grant(token: str) -> Grant | None:
    """What a key may do, read from the database; None when it is unknown or revoked, or its workspace is leaving."""
    return _grant_of(Key.objects.filter(digest=digest_of(token), revoked_at=None, workspace__leaves_at=None).first())


def find_grant_of_certificate(digest: str) -> Grant | None:
    """The same for the client certificate that stands for a key, by its SHA-256."""
    return _grant_of(Key.objects.filter(certificate=digest, revoked_at=None, workspace__leaves_at=None).first()) if digest else None


def _grant_of(key: Key | None) -> Grant | None:
    if key is None:
        return None
    _used.add(key.pk)
    return Grant(key.pk, key.workspace_id, key.kind, frozenset(key.scopes), key.certificate)


def write_uses(now: int) -> None:
    """Keep when the keys were last used that were used in this process since the last call. `now` in milliseconds."""
    used = frozenset(_used)
    if used:
        _used.difference_update(used)
        Key.objects.filter(pk__in=used).update(last_used_at=datetime.fromtimestamp(now / 1000, UTC))


def revoke_key(key: Key) -> None:
    """End a key; doors that hold keys in memory learn of it within a second."""
    key.revoked_at = datetime.now(UTC)
    key.save(update_fields=["revoked_at"])


class Keyring:
    """All valid keys in memory, for the door's hot path; `refresh` reads them anew."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Read the valid keys from the database."""
        grants = {}
        for key in Key.objects.filter(revoked_at=None, workspace__leaves_at=None).select_related("workspace").iterator():
            scopes = frozenset(key.scopes)
            if key.kind == "tracking" and key.workspace.public_key_deletes:
                scopes |= {"delete"}
            grants[key.digest] = Grant(key.pk, key.workspace_id, key.kind, scopes)
        with self._lock:
            self._grants = grants

    def __call__(self, token: str) -> Grant | None:
        """What a key may do, without touching the database."""
        grant = self._grants.get(digest_of(token))
        if grant is not None:
            _used.add(grant.key_id)
        return grant
