"""What OpenDSR 2.0 and 1.0 send, as structs. Pure.

Version 1.0 has the same bodies, but without `regulation` and `results_count`; its paths and headers have other names. Fields that nobody defined
are passed over. Times are RFC 3339. An error never repeats what was sent: it may name a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError

V1, V2 = "1.0", "2.0"
DOMAIN_HEADER = {V2: "X-OpenDSR-Processor-Domain", V1: "X-OpenGDPR-Processor-Domain"}
SIGNATURE_HEADER = {V2: "X-OpenDSR-Signature", V1: "X-OpenGDPR-Signature"}
"""The signature is base64, over the bytes of the body (`signatures`)."""

FORMATS = ("raw", "sha1", "md5", "sha256")
STANDARD_TYPES = ("access", "portability", "erasure")
OWN_TYPES = ("rectification", "restriction", "objection", "consent_withdrawal")
"""Not of the specification: taken where our discovery names them, and sent only to whoever's discovery names them."""
REGULATIONS = ("gdpr", "ccpa")

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PLACE = re.compile(r" - at `\$([^`]*)`")
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
T = TypeVar("T")


class BodyInvalid(TrothError):
    """A body that is none of OpenDSR's. `reason` is a fixed word, for the error that is sent back."""

    def __init__(self, message: str, reason: str = "invalid_field") -> None:
        super().__init__(message)
        self.reason = reason


class RequestStatus(StrEnum):
    """The states of the specification; a request moves only forward through them."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of any message: what is empty is left out."""


class SupportedIdentity(Body, frozen=True, kw_only=True):
    """A way of naming a person that a processor understands."""

    identity_type: str
    identity_format: str


class Identity(Body, frozen=True, kw_only=True):
    """One name of a person."""

    identity_type: str
    identity_value: str
    identity_format: str


class Discovery(Body, frozen=True, kw_only=True):
    """What a processor offers; `processor_certificate` is the https URL of the certificate (PEM) of the key that signs."""

    api_version: str
    supported_identities: list[SupportedIdentity]
    supported_subject_request_types: list[str]
    processor_certificate: str


class Request(Body, frozen=True, kw_only=True):
    """What a controller asks of a processor. `submitted_time`: when the person asked; it starts the clock."""

    regulation: str = ""
    """Required by the specification, and missing in its own sample: empty means `gdpr`."""
    subject_request_id: str
    subject_request_type: str
    submitted_time: Moment
    subject_identities: list[Identity] = []
    api_version: str = ""
    status_callback_urls: list[str] = []
    extensions: dict[str, dict[str, Any]] = {}
    """By processor domain."""


class Receipt(Body, frozen=True, kw_only=True):
    """The answer to a request (201). A controller must not keep `encoded_request` (base64 of the request's bytes)."""

    controller_id: str
    expected_completion_time: Moment
    received_time: Moment
    encoded_request: str
    subject_request_id: str


class Status(Body, frozen=True, kw_only=True):
    """Where a request is."""

    controller_id: str
    expected_completion_time: Moment
    subject_request_id: str
    request_status: RequestStatus
    api_version: str = ""
    results_url: str = ""
    results_count: int | None = None
    extensions: dict[str, dict[str, Any]] = {}
    """Ours, under our domain: why a request was cancelled."""


class Cancellation(Body, frozen=True, kw_only=True):
    """The answer to a cancelling (202); `received_time` is that of the cancelling."""

    controller_id: str
    subject_request_id: str
    received_time: Moment
    api_version: str = ""


class Callback(Body, frozen=True, kw_only=True):
    """What a processor tells of each change of state."""

    controller_id: str
    status_callback_url: str
    subject_request_id: str
    request_status: RequestStatus
    expected_completion_time: Moment
    results_url: str = ""
    results_count: int | None = None
    extensions: dict[str, dict[str, Any]] = {}


class Fault(Body, frozen=True, kw_only=True):
    """One thing that is wrong."""

    domain: str
    reason: str
    message: str


class ErrorDetail(Body, frozen=True, kw_only=True):
    """What is wrong; `code` is the HTTP status."""

    code: int
    message: str = ""
    errors: list[Fault] = []


class Error(Body, frozen=True, kw_only=True):
    """The body of a refusal; it says nothing about a person, nor about keys."""

    error: ErrorDetail


def write(body: Body) -> bytes:
    """The bytes that are sent, and signed."""
    return msgspec.json.encode(body)


def read(raw: bytes, shape: type[T]) -> T:
    """Bytes that came as one of the structs above. Raises BodyInvalid, without a value that was sent."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BodyInvalid("the body is not JSON", "not_json") from None


def _explain(told: str) -> BodyInvalid:
    place = _PLACE.search(told)
    where = place[1].lstrip(".") if place else ""
    if missing := _MISSING.search(told):
        name = f"{where}.{missing[1]}" if where else missing[1]
        return BodyInvalid(f"{name} field is required", "missing_field")
    return BodyInvalid(f"{where or 'the body'} has not the form that OpenDSR gives it")


def is_request_id(text: str) -> bool:
    """Whether it is a UUID of version 4 in lower case."""
    return bool(_UUID4.fullmatch(text))


def to_ms(moment: datetime) -> int:
    """An instant of a body in milliseconds."""
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1000 + moment.microsecond // 1000


def to_moment(ms: int) -> datetime:
    """Milliseconds as an instant of a body."""
    return datetime.fromisoformat(iso(ms)).astimezone(UTC)


def headers_for(version: str, domain: str, signature: str) -> dict[str, str]:
    """The two headers of a signed answer or callback, by the names of a version."""
    return {DOMAIN_HEADER[version]: domain, SIGNATURE_HEADER[version]: signature}


def read_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """(domain, signature) of a signed answer or callback, by the names of either version; empty where missing."""
    folded = {name.lower(): value.strip() for name, value in headers.items()}
    domain, signature = (
        next((folded[name.lower()] for name in names.values() if name.lower() in folded), "") for names in (DOMAIN_HEADER, SIGNATURE_HEADER)
    )
    return domain.lower(), signature
