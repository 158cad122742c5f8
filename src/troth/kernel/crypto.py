"""Keys and what is made with them: the master key, keyed tags of identifiers, signatures, sealed secrets, signed links.

Every key is derived from one master key by HKDF-SHA256 with a label of its own, so nothing but DATA/keys/master.key has to be kept safe.
Tags are keyed hashes: without the key they say nothing about the value (`gdpr` notes, suppression without personal data).
"""

from __future__ import annotations

import base64
import hmac
import os
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from troth.kernel.errors import TrothError

MASTER_KEY_FILE = Path("keys") / "master.key"
_state: dict[str, bytes] = {}


class MasterKeyMissing(TrothError):
    """There is no usable master key in the data directory."""


def create_master_key(data: Path) -> None:
    """Make DATA/keys/master.key (32 random bytes, base64, mode 0600) unless it exists."""
    path = data / MASTER_KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def load_master_key(data: Path) -> None:
    """Read the master key of a data directory into this process. Raises MasterKeyMissing."""
    path = data / MASTER_KEY_FILE
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except FileNotFoundError:
        raise MasterKeyMissing(
            f"There is no master key at {path}: run `troth init` first, or restore the key from its safe place."
        ) from None
    except ValueError:
        raise MasterKeyMissing(f"The master key at {path} is not base64: restore the key from its safe place.") from None
    if len(key) != 32:
        raise MasterKeyMissing(f"The master key at {path} is not 32 bytes long: restore the key from its safe place.")
    if _state.get("master") != key:
        _state["master"] = key
        derive.cache_clear()
        signing_key.cache_clear()


def is_loaded() -> bool:
    """Whether this process holds a master key."""
    return "master" in _state


@lru_cache(maxsize=4096)
def derive(label: bytes) -> bytes:
    """The 32-byte key of a label, e.g. `b"identify/v1:" + workspace`."""
    if "master" not in _state:
        raise MasterKeyMissing("No master key is loaded: run `troth init` first.")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"troth/" + label).derive(_state["master"])


def keyed_tag(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, message, "sha256")


def short_tag(key: bytes, message: bytes) -> bytes:
    """Keyed BLAKE2b, 16 bytes: for look-ups on the hot path, at half the cost of an HMAC."""
    return blake2b(message, key=key, digest_size=16).digest()


@lru_cache(maxsize=1)
def signing_key() -> Ed25519PrivateKey:
    """The installation's Ed25519 key, which signs certificates and receipts."""
    return Ed25519PrivateKey.from_private_bytes(derive(b"signing/v1"))


def public_key_pem() -> bytes:
    """What certificates, checkpoints and receipts of this installation are verified with, as it is published."""
    return signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def seal(label: bytes, plain: bytes, bound_to: bytes = b"") -> bytes:
    """Encrypt with AES-256-GCM; `bound_to` must be given again to open. 28 bytes longer than `plain`."""
    nonce = os.urandom(12)
    return nonce + AESGCM(derive(label)).encrypt(nonce, plain, bound_to)


def open_sealed(label: bytes, sealed: bytes, bound_to: bytes = b"") -> bytes | None:
    """What was sealed, or None when it was tampered with, bound to something else, or sealed under another key."""
    if len(sealed) < 28:
        return None
    try:
        return AESGCM(derive(label)).decrypt(sealed[:12], sealed[12:], bound_to)
    except InvalidTag:
        return None


def seal_token(label: bytes, plain: bytes) -> str:
    """A sealed value as text for a URL."""
    return base64.urlsafe_b64encode(seal(label, plain)).rstrip(b"=").decode()


def open_token(label: bytes, token: str) -> bytes | None:
    """The value of a token made by `seal_token`, or None."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    return open_sealed(label, raw)
