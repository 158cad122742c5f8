"""Whether an answer of a processor may be believed: its domain is one of the register, its certificate holds, and its signature fits the bytes.

In this order (security guidelines of OpenDSR), and nothing is parsed before. Certificates are kept until they are over; one that does not hold any more is fetched once anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from troth.kernel.errors import TrothError
from troth.messages.channels.outside import name_trouble, read_most
from troth.privacy.models.disclosures import DomainCertificate, NoticeWay, Way
from troth.privacy.opendsr.bodies import BodyInvalid, Discovery, read, read_headers
from troth.privacy.opendsr.certificates import CertificateRejected, check_certificate
from troth.privacy.opendsr.signatures import verify
from troth.privacy.opendsr.trust import RootsUnusable, open_session

CONNECT_S, ANSWER_S = 5.0, 20.0
READ_MOST = 1 << 20
"""Bytes of an answer."""
DOMAIN, CERTIFICATE, SIGNATURE = "domain_not_ours", "certificate_invalid", "signature_invalid"


class NotBelieved(TrothError):
    """An answer that nothing is made of. `reason` is a fixed word."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotReached(TrothError):
    """A processor that could not be asked. `reason` is a fixed word."""

    def __init__(self, reason: str) -> None:
        super().__init__("The processor could not be asked.")
        self.reason = reason


class Reply(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Believed(NamedTuple):
    """Whose answer it is, and what proves it."""

    domain: str
    signature: str
    certificate: bytes


def call(method: str, url: str, body: bytes | None = None, authorization: str = "") -> Reply:
    """One request to a processor, to the outside only, following nothing. Raises NotReached."""
    headers = {"User-Agent": "Troth", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if authorization:
        headers["Authorization"] = authorization
    try:
        with (
            open_session() as session,
            closing(
                session.request(method, url, data=body, headers=headers, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, stream=True)
            ) as answer,
        ):
            raw = read_most(answer, READ_MOST + 1, unpack=True)
            if len(raw) > READ_MOST:
                raise NotReached("too_long")
            return Reply(answer.status_code, dict(answer.headers), raw)
    except requests.RequestException as error:
        raise NotReached(name_trouble(error)) from None
    except RootsUnusable:
        raise NotReached("roots_unusable") from None


def discover(base: str, domain: str, authorization: str = "") -> Discovery:
    """What a processor offers. Raises NotReached, NotBelieved where the certificate would come from another domain."""
    reply = call("GET", f"{base}/discovery", authorization=authorization)
    if reply.status != 200:
        raise NotReached("no_discovery")
    try:
        found = read(reply.body, Discovery)
        place = urlsplit(found.processor_certificate)
        host = (place.hostname or "").lower()
    except (BodyInvalid, ValueError):
        raise NotReached("discovery_invalid") from None
    if place.scheme != "https" or host != domain:
        raise NotBelieved(CERTIFICATE, "The discovery names a certificate of another domain.")
    return found


def believe(raw: bytes, headers: Mapping[str, str], ways: Mapping[str, NoticeWay], now: int) -> Believed:
    """Check an answer or callback; `ways`: the domains that may speak, each with how it is reached. Raises NotBelieved, NotReached."""
    domain, signature = read_headers(headers)
    way = ways.get(domain)
    if way is None or not signature:
        raise NotBelieved(
            DOMAIN if way is None else SIGNATURE, "The answer does not come from a processor of the register, or is not signed."
        )
    pem = certificate_of(way, now)
    if not verify(raw, signature, pem):
        raise NotBelieved(SIGNATURE, "The signature does not fit the body.")
    return Believed(domain, signature, pem)


def certificate_of(way: NoticeWay, now: int) -> bytes:
    """The certificate of a processor, checked now; from the cache while it holds. Raises NotBelieved, NotReached."""
    kept = DomainCertificate.objects.filter(domain=way.domain).first()
    if kept:
        try:
            check_certificate(kept.pem.encode(), way.domain, now)
        except CertificateRejected:
            pass
        else:
            return kept.pem.encode()
    reply = call("GET", discover(way.address, way.domain).processor_certificate)
    if reply.status != 200:
        raise NotReached("no_certificate")
    try:
        check_certificate(reply.body, way.domain, now)
        text = reply.body.decode("ascii")
    except CertificateRejected as error:
        raise NotBelieved(f"{CERTIFICATE}:{error.reason}", str(error)) from None
    except UnicodeDecodeError:
        raise NotBelieved(CERTIFICATE, "The certificate is no PEM.") from None
    DomainCertificate.objects.update_or_create(domain=way.domain, defaults={"pem": text, "fetched_at": now})
    return reply.body


def find_ways(domain: str) -> dict[str, NoticeWay]:
    """The processors of all registers that sign for a domain: one of them for the certificate."""
    own = NoticeWay.objects.filter(way=Way.OPENDSR, domain=domain).order_by("pk").first() if domain else None
    return {domain: own} if own else {}
