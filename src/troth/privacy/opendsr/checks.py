"""What `troth doctor` asks: whether OpenDSR can sign, until when its certificate counts, and whether every controller could be told."""

from __future__ import annotations

from troth.kernel.clock import DAY, iso
from troth.privacy.models.opendsr import OpendsrRequest
from troth.privacy.opendsr.certificates import CertificateRejected, check_certificate
from troth.privacy.opendsr.own_certificate import CertificateMissing, has_certificate, own_certificate_pem, own_domain
from troth.privacy.opendsr.raising import count_undelivered
from troth.privacy.opendsr.trust import RootsUnusable

SOON = 21 * DAY


def check_opendsr(now: int) -> tuple[bool, str]:
    """Trouble when requests came and nothing can be signed, when the certificate is no good or soon over, and when controllers were not told."""
    if not has_certificate():
        in_use = OpendsrRequest.objects.exists()
        return not in_use, "its certificate is gone: put it back (docs/opendsr.md)" if in_use else "not set up"
    try:
        found = check_certificate(own_certificate_pem(), own_domain(), now, asks=False)
    except (CertificateMissing, RootsUnusable) as error:
        return False, str(error)
    except CertificateRejected as error:
        return False, f"others will not believe it as {own_domain() or 'no domain'}: {error}"
    told = f"the certificate of {own_domain()} counts until {iso(found.valid_until)[:10]}"
    if found.valid_until < now + SOON:
        return False, f"{told}: renew it"
    undelivered = count_undelivered(now)
    return not undelivered, f"{told}{f', {undelivered} callbacks could not be delivered: tell those controllers' if undelivered else ''}"
