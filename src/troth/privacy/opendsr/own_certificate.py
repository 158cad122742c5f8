"""The key that this installation signs OpenDSR's answers with, and its certificate: files that the operator puts in place.

`TROTH_OPENDSR_KEY` (PEM; mode 0600 or encrypted, then with TROTH_OPENDSR_KEY_PASSWORD) and `TROTH_OPENDSR_CERTIFICATE` (PEM: the certificate, then
those between it and its authority). They are read again when the files change, so that a renewed certificate counts at once.
"""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings

from troth.kernel.errors import TrothError

SMALLEST, NEW = 2048, 3072
"""Bits of an RSA key: the least that is taken, and what a new one has."""


class CertificateMissing(TrothError):
    """There is no usable OpenDSR key or certificate."""


class Own(NamedTuple):
    """What signs, and what proves whose it is."""

    key: rsa.RSAPrivateKey
    chain: list[x509.Certificate]
    """The own certificate first."""


def own_domain() -> str:
    """The processor's domain: the host of TROTH_OPENDSR_URL."""
    return (urlsplit(settings.TROTH_OPENDSR_URL).hostname or "").lower()


def key_path() -> Path:
    """Where the key is looked for."""
    return Path(settings.TROTH_OPENDSR_KEY or Path(settings.TROTH_DATA) / "keys" / "opendsr.key")


def certificate_path() -> Path:
    """Where the certificate is looked for."""
    return Path(settings.TROTH_OPENDSR_CERTIFICATE or Path(settings.TROTH_DATA) / "keys" / "opendsr.pem")


def has_certificate() -> bool:
    """Whether the operator put one in place."""
    return certificate_path().exists()


def load_own() -> Own:
    """The key and the certificate. Raises CertificateMissing, saying what to do."""
    paths = key_path(), certificate_path()
    try:
        stamps = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    except OSError:
        raise CertificateMissing(
            "OpenDSR has no key and certificate yet: `troth opendsr certificate --new` makes the key and a request for a certificate."
        ) from None
    return _load(*paths, stamps, settings.TROTH_OPENDSR_KEY_PASSWORD)


def own_certificate_pem() -> bytes:
    """The certificate and those between it and its authority, as they are published. Raises CertificateMissing."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in load_own().chain)


@lru_cache(maxsize=2)
def _load(key_file: Path, certificate_file: Path, stamps: tuple[object, ...], password: str) -> Own:
    key = load_key(key_file, password)
    try:
        chain = x509.load_pem_x509_certificates(certificate_file.read_bytes())
    except (OSError, ValueError):
        raise CertificateMissing(f"{certificate_file} holds no certificate (PEM): put the one in place that the authority sent.") from None
    if chain[0].public_key() != key.public_key():
        raise CertificateMissing(f"The certificate in {certificate_file} is not that of the key in {key_file}: they belong together.")
    return Own(key, chain)


def load_key(path: Path, password: str) -> rsa.RSAPrivateKey:
    """A private key that nobody else can read. Raises CertificateMissing."""
    try:
        raw = path.read_bytes()
        is_open = bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        raise CertificateMissing(f"{path} cannot be read: `troth opendsr certificate --new` makes a key.") from None
    if is_open and b"ENCRYPTED" not in raw:
        raise CertificateMissing(f"Others can read {path}: chmod 600 it.")
    try:
        key = load_pem_private_key(raw, password.encode() or None)
    except TypeError:
        raise CertificateMissing(f"{path} is encrypted, or is not: set TROTH_OPENDSR_KEY_PASSWORD if it is, and only then.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateMissing(f"{path} is no private key (PEM), or TROTH_OPENDSR_KEY_PASSWORD does not open it.") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < SMALLEST:
        raise CertificateMissing(f"{path} must be an RSA key of {SMALLEST} bits at least.")
    return key


def make_key(path: Path, password: str) -> rsa.RSAPrivateKey:
    """A new key in a file that only its owner can read; one that is there is never replaced. Raises CertificateMissing."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=NEW)
    wrapping: KeySerializationEncryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CertificateMissing(f"{path} is there already: move it away first if you want another key.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, wrapping))
        file.flush()
        os.fsync(file.fileno())
    return key


def request_certificate(key: rsa.RSAPrivateKey, domain: str, organisation: str = "") -> bytes:
    """The request that goes to a certificate authority (CSR, PEM)."""
    name = [x509.NameAttribute(NameOID.COMMON_NAME, domain[:64])]
    if organisation:
        name.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]))
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(name))
    asked = asked.add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
    return asked.sign(key, SHA256()).public_bytes(Encoding.PEM)
