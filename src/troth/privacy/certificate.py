"""Certificates: what an erasure reached, signed with the installation's Ed25519 key, verifiable offline, free of personal data.

The form is a JWS in compact serialisation (RFC 7515, algorithm Ed25519 of RFC 9864); its payload is the readable statement.
"""

from __future__ import annotations

import json
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from troth.kernel.crypto import signing_key
from troth.kernel.errors import TrothError

ALGORITHM = "Ed25519"


class CertificateInvalid(TrothError):
    """Not signed by this key, or changed since."""


def public_key_pem() -> str:
    """The key that verifies certificates of this installation."""
    return signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(statement: dict[str, Any]) -> str:
    """The statement as a JWS."""
    pem = signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    return jws.serialize_compact({"alg": ALGORITHM, "typ": "troth-certificate+jws"}, payload, OKPKey.import_key(pem), algorithms=[ALGORITHM])


def verify(token: str, key_pem: str | None = None) -> dict[str, Any]:
    """The statement of a certificate. Raises CertificateInvalid."""
    try:
        found = jws.deserialize_compact(token.strip(), OKPKey.import_key(key_pem or public_key_pem()), algorithms=[ALGORITHM])
        statement: dict[str, Any] = json.loads(found.payload)
    except (JoseError, ValueError):
        raise CertificateInvalid("The certificate was changed, or was signed by another installation: ask for it again.") from None
    return statement


def document(token: str) -> dict[str, Any]:
    """A certificate as handed out: readable statement, signature, and the key to verify it with."""
    return {"statement": verify(token), "jws": token, "public_key": public_key_pem()}
