"""Whose key a request presented, also when the request could not be read: a developer is told of the broken ones, too."""

from __future__ import annotations

import re

from troth.intake.wire.request import Key, Keyring, Request
from troth.intake.wire.segment import read_basic_user

SEARCHED = 16 * 1024
"""Bytes of an unreadable body in which a key is looked for."""
_TOKEN = re.compile(rb"""["']?\b(?:auth_token|tracking_api_key|writeKey)["']?\s*[:=]\s*["']?([\w~.+/-]{1,200})""")


class Presented:
    """A keyring that remembers the key it found last: a wire format asks it within one call, so nobody else comes between."""

    __slots__ = ("_keyring", "key", "token")

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self.key: Key | None = None
        self.token = ""

    def __call__(self, token: str) -> Key | None:
        """As the keyring."""
        found = self._keyring(token)
        if found is not None:
            self.key = found
            self.token = token
        return found

    def search(self, request: Request) -> None:
        """Look for a key where the wire formats could not: in the header, the query and the raw text of the body."""
        self.key, self.token = None, ""
        if (basic := request.headers.get(b"authorization")) and self(read_basic_user(basic)):
            return
        for text in (request.query, request.body[:SEARCHED], request.body[-SEARCHED:]):
            for found in _TOKEN.finditer(text):
                if self(found[1].decode()):
                    return
