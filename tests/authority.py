"""A certificate authority for tests: a root, one between, and certificates for domains, good ones and bad ones; it can revoke them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
_keys: list[rsa.RSAPrivateKey] = []


def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """Made once in a test process: making them takes longer than most tests."""
    while len(_keys) <= number:
        _keys.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _keys[number]


@dataclass
class Certified:
    """A key and its certificate, with the one between it and the root."""

    key: Any
    certificate: x509.Certificate
    between: list[x509.Certificate]

    @property
    def pem(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.between))

    @property
    def key_pem(self) -> bytes:
        return bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def install(self, folder: Path, settings: Any) -> None:
        """As an operator does."""
        key, pem = folder / "opendsr.key", folder / "opendsr.pem"
        key.touch(0o600)
        key.write_bytes(self.key_pem)
        pem.write_bytes(self.pem)
        settings.TROTH_OPENDSR_KEY, settings.TROTH_OPENDSR_CERTIFICATE = str(key), str(pem)

    def tls(self, folder: Path) -> ssl.SSLContext:
        """For an HTTPS server."""
        file = folder / f"tls-{self.certificate.serial_number}.pem"
        file.write_bytes(self.key_pem + self.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@dataclass
class Authority:
    """Everything it issues hangs from one root."""

    root: Certified = field(init=False)
    middle: Certified = field(init=False)
    revoked: list[x509.Certificate] = field(default_factory=list)

    def __post_init__(self) -> None:
        root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = Certified(root_key, _sign("Root", root_key, root_key, None, is_authority=True), [])
        middle = _sign("Middle", middle_key, root_key, self.root.certificate, is_authority=True)
        self.middle = Certified(middle_key, middle, [])

    def write_root(self, folder: Path) -> str:
        """The file for TROTH_OPENDSR_ROOTS."""
        file = folder / "roots.pem"
        file.write_bytes(self.root.certificate.public_bytes(Encoding.PEM))
        return str(file)

    def issue(
        self,
        domain: str,
        *,
        key: Any = None,
        days: tuple[int, int] = (-1, 30),
        address: str = "",
        crl_url: str = "",
        ocsp_url: str = "",
        also: tuple[x509.ExtensionType, ...] = (),
    ) -> Certified:
        """A certificate for a domain, valid over a span of days from now; `address`: an IP address that it is for as well."""
        key = key or rsa_key()
        more: list[x509.ExtensionType] = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), *also]
        if crl_url:
            more.append(x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)]))
        if ocsp_url:
            place = x509.UniformResourceIdentifier(ocsp_url)
            more.append(x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)]))
        made = _sign(domain, key, self.middle.key, self.middle.certificate, days=days, address=address, more=more)
        return Certified(key, made, [self.middle.certificate])

    def self_signed(self, domain: str) -> Certified:
        """What must not be used."""
        key = rsa_key()
        return Certified(key, _sign(domain, key, key, None), [])

    def list_revoked(self, *, by: Certified | None = None, days: tuple[int, int] = (-1, 1)) -> bytes:
        """The list (CRL) of what was revoked."""
        signer = by or self.middle
        made = x509.CertificateRevocationListBuilder().issuer_name(self.middle.certificate.subject)
        made = made.last_update(NOW + timedelta(days=days[0])).next_update(NOW + timedelta(days=days[1]))
        for one in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(NOW - timedelta(hours=1)).build()
            made = made.add_revoked_certificate(entry)
        return made.sign(signer.key, SHA256()).public_bytes(Encoding.DER)

    def answer_status(self, asked: bytes, certificate: x509.Certificate, *, by: Certified | None = None) -> bytes:
        """The answer (OCSP) on one certificate; `by`: whoever signs it in the authority's place."""
        serial = ocsp.load_der_ocsp_request(asked).serial_number
        assert serial == certificate.serial_number
        is_revoked = serial in [one.serial_number for one in self.revoked]
        signer = by or self.middle
        made = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=self.middle.certificate,
            algorithm=SHA1(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=NOW - timedelta(hours=1),
            next_update=NOW + timedelta(hours=12),
            revocation_time=NOW - timedelta(hours=1) if is_revoked else None,
            revocation_reason=None,
        )
        made = made.responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
        if by:
            made = made.certificates([by.certificate])
        return made.sign(signer.key, SHA256()).public_bytes(Encoding.DER)


def _sign(
    name: str,
    key: Any,
    signer: Any,
    issuer: x509.Certificate | None,
    *,
    is_authority: bool = False,
    days: tuple[int, int] = (-1, 30),
    address: str = "",
    more: list[x509.ExtensionType] | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(NOW + timedelta(days=days[0])).not_valid_after(NOW + timedelta(days=days[1]))
    made = made.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    if is_authority:
        made = made.add_extension(_USAGE, critical=True)
    else:
        import ipaddress

        names: list[x509.GeneralName] = [x509.DNSName(name)]
        names += [x509.IPAddress(ipaddress.ip_address(address))] if address else []
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in more or []:
        made = made.add_extension(extension, critical=False)
    return made.sign(signer, SHA256())


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
