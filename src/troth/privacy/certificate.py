"""Certificates: what an erasure reached, signed with the installation's Ed25519 key, verifiable offline, free of personal data.

A certificate is JSON: readable claims, the same claims as a JWS (RFC 7515, algorithm Ed25519 of RFC 9864), and the public key. Whoever checks
one takes the key from the installation itself and not from the certificate.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from troth.kernel.crypto import signing_key
from troth.kernel.errors import TrothError
from troth.kernel.json_text import canonical

ALGORITHM = "Ed25519"


class CertificateInvalid(TrothError):
    """Not a certificate, not signed by this key, or changed since."""


def public_key_pem() -> str:
    """The key that verifies the certificates of this installation."""
    return signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certify(claims: dict[str, Any]) -> str:
    """The certificate of claims, as indented JSON text."""
    key, thumbprint, public = _prepare(signing_key())
    header = {"alg": ALGORITHM, "typ": "troth-certificate+jws", "kid": thumbprint}
    token = jws.serialize_compact(header, canonical(claims), key, algorithms=[ALGORITHM])
    return json.dumps({"claims": claims, "jws": token, "public_key": public}, indent=2, ensure_ascii=False) + "\n"


@lru_cache(maxsize=1)
def _prepare(own: Ed25519PrivateKey) -> tuple[OKPKey, str, str]:
    """The key as the signing library wants it, its thumbprint, and the public key: certificates are made by the hundred."""
    key = OKPKey.import_key(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key, key.thumbprint(), public_key_pem()


def verify_certificate(text: str, key_pem: str | None = None) -> dict[str, Any]:
    """The claims of a certificate, checked against a public key (None: this installation's own). Raises CertificateInvalid."""
    try:
        document = json.loads(text)
        claims: dict[str, Any] = document["claims"]
        signed = jws.deserialize_compact(document["jws"], OKPKey.import_key(key_pem or public_key_pem()), algorithms=[ALGORITHM])
    except JoseError:
        raise CertificateInvalid("The signature does not fit: the certificate was changed, or another installation signed it.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CertificateInvalid("This is not a certificate of Troth: it must be the JSON file as it was handed out.") from None
    if signed.payload != canonical(claims):
        raise CertificateInvalid("The readable claims are not those that were signed: trust neither, and ask for the certificate again.")
    return claims
