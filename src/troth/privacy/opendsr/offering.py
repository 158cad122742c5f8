"""What this installation offers over OpenDSR, and where."""

from __future__ import annotations

from django.conf import settings

from troth.privacy.models import RequestType
from troth.privacy.opendsr.bodies import FORMATS, STANDARD_TYPES, V2, Discovery, SupportedIdentity
from troth.privacy.opendsr.own_certificate import load_own

KINDS = {"controller_customer_id": "external_id", "email": "email"}
"""The specification's names of identities that we keep, and ours. Phone numbers have none there: they come as an extension."""
PHONE, PURPOSES, CORRECTIONS, NOW_KNOWN_AS = "phone", "purposes", "corrections", "now_known_as"
"""What our extension of a request may say: an E.164 number; keys of purposes; attributes as they should be; new identifiers."""
OWN_TYPES = (RequestType.RECTIFICATION, RequestType.RESTRICTION, RequestType.OBJECTION, RequestType.CONSENT_WITHDRAWAL)
MAJOR = {V2: "v2", "1.0": "v1"}


def offered_types() -> list[str]:
    """Which requests are taken: ours beside the standard ones only if the operator says so, as others need not know them."""
    return [*STANDARD_TYPES, *(OWN_TYPES if settings.TROTH_OPENDSR_OWN_TYPES else ())]


def discover(version: str) -> Discovery:
    """What `GET /discovery` answers. Raises CertificateMissing: without a certificate nothing is offered."""
    load_own()
    return Discovery(
        api_version=version,
        supported_identities=[SupportedIdentity(identity_type=kind, identity_format=form) for kind in KINDS for form in FORMATS],
        supported_subject_request_types=offered_types(),
        processor_certificate=url_of("certificate.pem"),
    )


def url_of(path: str) -> str:
    """A public address below OpenDSR's base, whose path begins with the major version."""
    return f"{settings.TROTH_OPENDSR_URL}/{MAJOR[V2]}/{path}"
