"""Return addresses: each mail's own (VERP), so that what comes back says by itself which mail it was, and nobody can make one up.

`bounces@acme.example` becomes `bounces+TOKEN@acme.example`. The token survives servers that change the case of letters.
"""

from __future__ import annotations

import base64
import struct
from hmac import compare_digest

from troth.kernel.crypto import derive, keyed_tag

LABEL = b"return-address/v1"
SEPARATOR = "+"
_TAG = 8


def make_return_address(base: str, workspace_id: int, message_id: int) -> str:
    """Where one mail comes back to."""
    local, _, domain = base.rpartition("@")
    plain = struct.pack(">IQ", workspace_id, message_id)
    token = base64.b32encode(plain + keyed_tag(derive(LABEL), plain)[:_TAG]).decode().rstrip("=").lower()
    return f"{local}{SEPARATOR}{token}@{domain}"


def read_return_address(address: str, workspace_id: int) -> int:
    """The mail's id that an address names; 0 when it is not one of ours of that workspace."""
    token = address.rpartition("@")[0].rpartition(SEPARATOR)[2].upper()
    try:
        raw = base64.b32decode(token + "=" * (-len(token) % 8))
    except ValueError:
        return 0
    if len(raw) != 12 + _TAG or not compare_digest(raw[12:], keyed_tag(derive(LABEL), raw[:12])[:_TAG]):
        return 0
    named, message_id = struct.unpack(">IQ", raw[:12])
    return int(message_id) if named == workspace_id else 0
