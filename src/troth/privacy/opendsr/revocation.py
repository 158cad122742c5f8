"""Whether a certificate was revoked: by the list (CRL, RFC 5280) or the answer (OCSP, RFC 6960) of the authority that the certificate names.

Both are signed by the authority, so that it does not matter by what way they came. An answer counts until it says that there is a newer one, a day
at most.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import requests
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from troth.kernel.clock import DAY
from troth.messages.channels.outside import make_session, read_most

log = structlog.get_logger()
TIMEOUT_S = 10.0
MOST = 8 * 1024 * 1024
"""Bytes of a list that are read."""
SKEW = 5 * 60 * 1000
"""By which clocks may differ, in milliseconds."""
KEPT = 1_000


class Revocation(StrEnum):
    """What is known."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """There is a place to ask, and it does not answer, or not soundly."""
    NOT_NAMED = "not_named"
    """The certificate names no place to ask."""
    NOT_ASKED = "not_asked"


class _Kept(NamedTuple):
    said: Revocation
    until: int


_known: dict[bytes, _Kept] = {}
_lock = threading.Lock()


def ask_revoked(chain: Sequence[x509.Certificate], now: int) -> Revocation:
    """What is known of a path, from the certificate to its authority: the worst of its parts; the authority's own is not asked about.

    `NOT_NAMED` only where the certificate itself names no place; `now` in milliseconds.
    """
    found = [_ask(certificate, issuer, now) for certificate, issuer in pairwise(chain)]
    for bad in (Revocation.REVOKED, Revocation.UNKNOWN):
        if bad in found:
            return bad
    return found[0] if found else Revocation.NOT_NAMED


def forget_answers() -> None:
    """Ask anew."""
    with _lock:
        _known.clear()


def _ask(certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> Revocation:
    key = certificate.fingerprint(SHA256())
    with _lock:
        kept = _known.get(key)
    if kept and kept.until > now:
        return kept.said
    lists, answers = _places(certificate)
    if not lists and not answers:
        return Revocation.NOT_NAMED
    for url in lists:
        if found := _by_list(url, certificate, issuer, now):
            return _keep(key, found)
    for url in answers:
        if found := _by_answer(url, certificate, issuer, now):
            return _keep(key, found)
    return Revocation.UNKNOWN


def _keep(key: bytes, found: _Kept) -> Revocation:
    with _lock:
        if len(_known) >= KEPT:
            _known.clear()
        _known[key] = found
    return found.said


def _places(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    """Where lists lie, and where can be asked."""
    lists: list[x509.GeneralName] = []
    answers: list[x509.GeneralName] = []
    with suppress(x509.ExtensionNotFound):
        for point in certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value:
            # A list of some reasons alone, or of another issuer, would not say enough.
            lists += point.full_name or [] if not point.reasons and not point.crl_issuer else []
    with suppress(x509.ExtensionNotFound):
        named = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        answers += [one.access_location for one in named if one.access_method == AuthorityInformationAccessOID.OCSP]
    return _urls(lists), _urls(answers)


def _urls(names: Sequence[x509.GeneralName]) -> list[str]:
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in urls if url.startswith(("http://", "https://"))]


def _by_list(url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> _Kept | None:
    raw = _fetch(url)
    if raw is None:
        return None
    try:
        found = x509.load_pem_x509_crl(raw) if raw.startswith(b"-----BEGIN") else x509.load_der_x509_crl(raw)
        key = issuer.public_key()
        if found.issuer != certificate.issuer or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            return None
        if not found.is_signature_valid(key) or not _is_whole(found, url):
            return None
        until = _until(found.last_update_utc, found.next_update_utc, now)
        entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return _Kept(Revocation.REVOKED if entry else Revocation.GOOD, until) if until else None


def _is_whole(found: x509.CertificateRevocationList, url: str) -> bool:
    """Whether a list covers the certificate: no additions only, and if it is one of several, that of this address. Unknown critical rules: no."""
    for extension in found.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            value = extension.value
            named = [name.value for name in value.full_name or [] if isinstance(name, x509.UniformResourceIdentifier)]
            if value.indirect_crl or value.only_some_reasons or value.only_contains_attribute_certs or (named and url not in named):
                return False
        elif extension.critical:
            return False
    return True


def _by_answer(url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> _Kept | None:
    # SHA-1 names the certificate here and proves nothing: some authorities know it by no other hash.
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build()  # noqa: S303 -- as just said
    raw = _fetch(url, asked.public_bytes(Encoding.DER))
    if raw is None:
        return None
    try:
        said = ocsp.load_der_ocsp_response(raw)
        if said.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or said.serial_number != certificate.serial_number:
            return None
        if said.issuer_key_hash != asked.issuer_key_hash or said.issuer_name_hash != asked.issuer_name_hash:
            return None
        if not _is_signed(said, issuer, now):
            return None
        until = _until(said.this_update_utc, said.next_update_utc, now)
        status = said.certificate_status
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not until or status is ocsp.OCSPCertStatus.UNKNOWN:
        return None
    return _Kept(Revocation.REVOKED if status is ocsp.OCSPCertStatus.REVOKED else Revocation.GOOD, until)


def _is_signed(said: ocsp.OCSPResponse, issuer: x509.Certificate, now: int) -> bool:
    """By the issuer, or by whom it appointed to answer: directly, for that, and at this time (RFC 6960, 4.2.2.2)."""
    signer = issuer
    for certificate in said.certificates:
        if certificate.issuer == issuer.subject and certificate != issuer and _is_appointed(certificate, issuer, now):
            signer = certificate
    algorithm = said.signature_hash_algorithm
    return algorithm is not None and any(_fits(one, said.signature, said.tbs_response_bytes, algorithm) for one in {issuer, signer})


def _is_appointed(certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> bool:
    at = datetime.fromtimestamp(now // 1000, UTC)
    try:
        certificate.verify_directly_issued_by(issuer)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage and certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _fits(signer: x509.Certificate, signature: bytes, signed: bytes, algorithm: HashAlgorithm) -> bool:
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _until(since: datetime, until: datetime | None, now: int) -> int:
    """Until when it counts, in milliseconds; 0: not now."""
    begins = int(since.timestamp()) * 1000
    ends = int(until.timestamp()) * 1000 if until else begins + DAY
    return min(ends, now + DAY) if begins - SKEW <= now < ends else 0


def _fetch(url: str, asked: bytes | None = None) -> bytes | None:
    """What lies there, if anything does, in time and not too long."""
    method, headers = ("GET", {}) if asked is None else ("POST", {"Content-Type": "application/ocsp-request"})
    try:
        with (
            make_session(whole_within_s=TIMEOUT_S) as session,
            session.request(method, url, data=asked, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer,
        ):
            raw = read_most(answer, MOST + 1, unpack=True) if answer.status_code == 200 else b""
    except (requests.RequestException, OSError, ValueError) as error:
        log.warning("revocation_not_asked", error=type(error).__name__)
        return None
    return raw if 0 < len(raw) <= MOST else None
