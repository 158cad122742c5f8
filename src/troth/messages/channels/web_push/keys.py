"""The key pair by which push services know who sends (RFC 8292): P-256, the public half as browsers want it."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from troth.messages.errors import ChannelUnknown


def make_private_key() -> str:
    """A new one, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def load_private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    """Raises ChannelUnknown."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ChannelUnknown("The private key is not one on the curve P-256 as PEM: paste it whole, or leave it empty to have one made.")
    return key


def public_key_of(pem: str) -> str:
    """The public half in base64url, as `applicationServerKey`."""
    point = load_private_key(pem).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
