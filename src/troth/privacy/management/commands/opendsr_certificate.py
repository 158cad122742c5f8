"""`troth opendsr certificate [--new]`."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.opendsr.certificates import CertificateRejected, check_certificate
from troth.privacy.opendsr.own_certificate import (
    certificate_path,
    key_path,
    load_own,
    make_key,
    own_certificate_pem,
    own_domain,
    request_certificate,
)


class Command(BaseCommand):
    """The key and certificate that OpenDSR's answers are signed with."""

    help = "Make OpenDSR's key and a request for a certificate, or show and check what is installed."

    def add_arguments(self, parser: CommandParser) -> None:
        """--new, --organisation."""
        parser.add_argument("--new", action="store_true", help="make a key, and print the request (CSR) for a certificate authority")
        parser.add_argument("--organisation", metavar="NAME", default="", help="whose certificate it is to be")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, or check."""
        domain = own_domain()
        if not settings.TROTH_OPENDSR_URL.startswith("https://") or not domain:
            raise CommandError(
                "Set TROTH_OPENDSR_URL to the https address where OpenDSR is to be served, e.g. https://opendsr.example.com."
            )
        if options["new"]:
            key = make_key(key_path(), settings.TROTH_OPENDSR_KEY_PASSWORD)
            self.stdout.write(request_certificate(key, domain, options["organisation"]).decode(), ending="")
            self.stderr.write(
                f"The key is in {key_path()}. Send the request above to a certificate authority, and put its answer in {certificate_path()}."
            )
            return
        self._check(domain)

    def _check(self, domain: str) -> None:
        own = load_own()
        certificate = own.chain[0]
        self.stdout.write(f"domain       {domain}")
        self.stdout.write(f"issued by    {certificate.issuer.rfc4514_string()}")
        self.stdout.write(f"valid until  {iso(int(certificate.not_valid_after_utc.timestamp()) * 1000)[:10]}")
        self.stdout.write(f"SHA-256      {certificate.fingerprint(SHA256()).hex()}")
        if len(_names(certificate)) != 1 or any("*" in name for name in _names(certificate)):
            self.stdout.write("note         OpenDSR wants a certificate for this domain alone, and no wildcard")
        try:
            found = check_certificate(own_certificate_pem(), domain, now_ms())
        except CertificateRejected as error:
            raise CommandError(f"Others will not believe this certificate: {error}") from None
        self.stdout.write(f"revocation   {found.revocation.replace('_', ' ')}")
        self.stdout.write("good: others will believe it")


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        return []
