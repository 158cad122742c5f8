"""Whether a certificate is what it says: from a trusted authority, for this domain, valid now, and not revoked.

The path is judged by `cryptography.x509.verification`, never by hand; revocation apart from it (`revocation`), as that verifier does not look.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, VerificationError

from troth.kernel.errors import TrothError
from troth.privacy.opendsr.revocation import Revocation, ask_revoked
from troth.privacy.opendsr.trust import load_store


class CertificateRejected(TrothError):
    """A certificate that nothing may be believed of. `reason` is a fixed word."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


UNREADABLE, EXPIRED, WRONG_DOMAIN, UNTRUSTED, REVOKED, UNKNOWN = (
    "unreadable",
    "expired",
    "wrong_domain",
    "untrusted",
    "revoked",
    "revocation_unknown",
)
_SAYS = {
    UNREADABLE: "This is no certificate (PEM).",
    EXPIRED: "The certificate is not valid at this time.",
    WRONG_DOMAIN: "The certificate is not for this domain.",
    UNTRUSTED: "The certificate does not come from a trusted authority: self-signed ones are not accepted.",
    REVOKED: "The certificate was revoked.",
    UNKNOWN: "Whether the certificate was revoked cannot be found out now: it is tried again.",
}


class Checked(NamedTuple):
    """A certificate that holds."""

    chain: list[x509.Certificate]
    """From the certificate itself to the authority."""
    revocation: Revocation
    """`GOOD`, or `NOT_NAMED` where the certificate says nowhere to ask."""

    @property
    def certificate(self) -> x509.Certificate:
        """That of the domain."""
        return self.chain[0]

    @property
    def valid_until(self) -> int:
        """In milliseconds."""
        return int(self.certificate.not_valid_after_utc.timestamp()) * 1000


def check_certificate(pem: bytes, domain: str, now: int, *, asks: bool = True) -> Checked:
    """The certificate of a domain (PEM: it, then those between it and its authority). `asks`: for revocation, over the network.

    Raises CertificateRejected, RootsUnusable. `now` in milliseconds.
    """
    try:
        own, *between = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise _reject(UNREADABLE) from None
    chain = _find_path(own, between, domain, now)
    if not asks:
        return Checked(chain, Revocation.NOT_ASKED)
    found = ask_revoked(chain, now)
    if found is Revocation.REVOKED:
        raise _reject(REVOKED)
    if found is Revocation.UNKNOWN:
        raise _reject(UNKNOWN)
    return Checked(chain, found)


def _find_path(own: x509.Certificate, between: Sequence[x509.Certificate], domain: str, now: int) -> list[x509.Certificate]:
    at = datetime.fromtimestamp(now // 1000, UTC)
    try:
        verifier = PolicyBuilder().store(load_store()).time(at).build_server_verifier(x509.DNSName(domain))
        return verifier.verify(own, list(between))
    except (VerificationError, ValueError):
        raise _reject(_why(own, domain, at)) from None


def _why(own: x509.Certificate, domain: str, at: datetime) -> str:
    """Which word describes best why no path was found: for whoever must mend it, the verdict stands already."""
    if not own.not_valid_before_utc <= at <= own.not_valid_after_utc:
        return EXPIRED
    try:
        named = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        named = []
    if own.issuer == own.subject:
        return UNTRUSTED
    return UNTRUSTED if domain in [name.lower() for name in named] else WRONG_DOMAIN


def _reject(reason: str) -> CertificateRejected:
    return CertificateRejected(reason, _SAYS[reason])
