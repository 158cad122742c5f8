"""Signatures over the bytes of a body: RSA PKCS#1 v1.5 or ECDSA with SHA-256 (FIPS 186), in base64.

The specification names no padding; its sample is RSA. We sign with RSA PKCS#1 v1.5, and accept ECDSA on P-256 too.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from troth.privacy.opendsr.own_certificate import SMALLEST, load_own

_HASHED = Prehashed(SHA256())


def sign(body: bytes) -> str:
    """Our signature over a body. Raises CertificateMissing."""
    return base64.b64encode(load_own().key.sign(body, padding.PKCS1v15(), SHA256())).decode()


def verify(body: bytes, signature: str, certificate_pem: bytes) -> bool:
    """Whether the key of a certificate (PEM, the first in it) signed this body. Whose it is: `certificates.check_certificate`."""
    return verify_digest(sha256(body).digest(), signature, certificate_pem)


def verify_digest(digest: bytes, signature: str, certificate_pem: bytes) -> bool:
    """The same by the SHA-256 of the body, where the body itself may not be kept."""
    try:
        signed = base64.b64decode(signature, validate=True)
        key = load_pem_x509_certificate(certificate_pem).public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST:
            key.verify(signed, digest, padding.PKCS1v15(), _HASHED)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            key.verify(signed, digest, ec.ECDSA(_HASHED))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        return False
    return True
