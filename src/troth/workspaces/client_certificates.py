"""Client certificates in the place of a key's text (mTLS, RFC 8446 section 4.3.2): the reverse proxy checks them, and hands over which one it was.

Off unless the header is named (`TROTH_CLIENT_CERTIFICATE_HEADER`), and believed only when it comes straight from a proxy that is named
(`TROTH_TRUSTED_PROXIES`): anybody else could write it. A certificate stands for the one key that it is bound to, by its SHA-256, as RFC 8705 section 2.2 does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.db import transaction

from troth.workspaces.keys import KeyInvalid
from troth.workspaces.models import Key

LONGEST = 16 * 1024
PEM, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def presented_certificate(meta: Mapping[str, Any]) -> str:
    """The SHA-256 of the certificate that came with a request, from its variables (PEP 3333); empty: none, or nobody who is believed says so."""
    name = str(settings.TROTH_CLIENT_CERTIFICATE_HEADER)
    if not name or not _is_trusted(str(meta.get("REMOTE_ADDR", "")), settings.TROTH_TRUSTED_PROXIES):
        return ""
    return read_certificate(str(meta.get(f"HTTP_{name.upper().replace('-', '_')}", "")))


def _is_trusted(address: str, proxies: Sequence[str]) -> bool:
    try:
        return any(ip_address(address) in ip_network(one.strip(), strict=False) for one in proxies if one.strip())
    except ValueError:
        return False


def read_certificate(value: str) -> str:
    """The SHA-256 (hex) of a certificate as proxies write it: `:base64:` of RFC 9440, or PEM, escaped for URLs or not; empty where it is none."""
    if not value or len(value) > LONGEST:
        return ""
    try:
        if value.startswith(":") and value.endswith(":"):
            return digest_of_certificate(x509.load_der_x509_certificate(base64.b64decode(value[1:-1], validate=True)))
        pem = unquote(value).encode().strip()
        # One, and nothing beside it: a second header of the same name would stand behind a comma.
        is_one = pem.startswith(PEM) and pem.endswith(END) and pem.count(b"-----BEGIN") == 1
        return digest_of_certificate(x509.load_pem_x509_certificate(pem)) if is_one else ""
    except (ValueError, binascii.Error):
        return ""


def digest_of_certificate(certificate: x509.Certificate) -> str:
    """Its SHA-256 over DER, in hex."""
    return certificate.fingerprint(SHA256()).hex()


def find_key(workspace_id: int, prefix: str) -> Key:
    """A key that is not revoked, by the characters that it begins with, as the console shows them. Raises KeyInvalid."""
    found = list(Key.objects.filter(workspace_id=workspace_id, prefix=prefix.rstrip("…"), revoked_at=None)[:2])
    if len(found) != 1:
        raise KeyInvalid("There is no such key here: name the characters that it begins with, as Settings, Keys shows them.")
    return found[0]


def bind_certificate(key: Key, pem: bytes) -> str:
    """Have a certificate stand for a key, and the key's text alone open OpenDSR no more; empty: unbind it. Returns the SHA-256. Raises KeyInvalid."""
    digest = ""
    if pem:
        try:
            digest = digest_of_certificate(x509.load_pem_x509_certificate(pem)) if PEM in pem else ""
        except ValueError:
            digest = ""
        if not digest:
            raise KeyInvalid("The file holds no certificate: it is PEM, and begins with -----BEGIN CERTIFICATE-----.")
    with transaction.atomic():
        if digest and Key.objects.filter(certificate=digest, revoked_at=None).exclude(pk=key.pk).exists():
            raise KeyInvalid("This certificate stands for another key already: each caller has one of their own.")
        Key.objects.filter(pk=key.pk).update(certificate=digest)
    return digest
