"""OpenDSR as controller: processors are told what persons asked for, and followed until they are done. A carrier of `downstream.ways`.

Only types and formats that the processor advertises are sent. Each answer is believed only with its signature; the receipt contains the request
and so the person, and is kept as digest, signature and certificate, with that field blanked (docs/opendsr.md).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from django.conf import settings

from troth.kernel.errors import TrothError
from troth.people.identifiers import EMAIL, EXTERNAL_ID, PHONE
from troth.privacy.downstream.sealing import Told
from troth.privacy.downstream.ways import Order, Outcome, Proof
from troth.privacy.models.disclosures import NoticeState, NoticeWay, Way
from troth.privacy.opendsr.believing import Believed, NotBelieved, NotReached, Reply, believe, call, discover
from troth.privacy.opendsr.bodies import (
    V2,
    BodyInvalid,
    Callback,
    Cancellation,
    Identity,
    Receipt,
    Request,
    RequestStatus,
    Status,
    SupportedIdentity,
    read,
    to_moment,
    to_ms,
    write,
)

CALLBACK_PATH = "/opendsr/callbacks"
TYPES = MappingProxyType({EMAIL: "email", EXTERNAL_ID: "controller_customer_id"})
HASHES: Mapping[str, Callable[[bytes], Any]] = MappingProxyType(
    {
        "sha256": hashlib.sha256,
        "sha1": lambda value: hashlib.sha1(value, usedforsecurity=False),
        "md5": lambda value: hashlib.md5(value, usedforsecurity=False),
    }
)
STATES = MappingProxyType(
    {
        RequestStatus.PENDING: NoticeState.TOLD,
        RequestStatus.IN_PROGRESS: NoticeState.IN_PROGRESS,
        RequestStatus.COMPLETED: NoticeState.DONE,
        RequestStatus.CANCELLED: NoticeState.REFUSED,
    }
)
"""Who cancels what we did not take back has refused: OpenDSR has no other word for it."""


def callback_url() -> str:
    """Where processors tell us of each change."""
    return f"{settings.TROTH_OPENDSR_URL}{CALLBACK_PATH}"


def tell(order: Order) -> Outcome:
    """Hand the request in. The same bytes under the same id again get the same receipt."""
    return _settled(lambda: _tell(order))


def ask(order: Order) -> Outcome:
    """`GET /requests/ID`."""
    return _settled(lambda: _ask(order))


def cancel(order: Order) -> Outcome:
    """`DELETE /requests/ID`, which a processor honours only while the request is pending."""
    return _settled(lambda: _cancel(order))


def _settled(act: Callable[[], Outcome]) -> Outcome:
    try:
        return act()
    except (NotBelieved, NotReached) as error:
        return Outcome(trouble=error.reason[:40])
    except BodyInvalid:
        return Outcome(trouble="answer_invalid")
    except TrothError as error:
        return Outcome(trouble=type(error).__name__[:40])


def _tell(order: Order) -> Outcome:
    offered = discover(order.address, order.domain, order.authorization)
    if order.notice.right not in offered.supported_subject_request_types:
        return Outcome(state=NoticeState.BY_HAND, trouble="type_not_offered")
    request = make_request(order, offered.supported_identities)
    if not request.subject_identities and PHONE not in request.extensions.get(order.domain, {}):
        return Outcome(state=NoticeState.BY_HAND, trouble="identities_not_offered")
    body = write(request)
    reply = call("POST", f"{order.address}/requests", body, order.authorization)
    if reply.status != 201:
        return Outcome(trouble="refused", status=reply.status)
    believed = _believe(order, reply)
    receipt = read(reply.body, Receipt)
    if receipt.subject_request_id != request.subject_request_id or not _is_ours(receipt, body):
        return Outcome(trouble="receipt_of_another", status=reply.status)
    blanked = write(msgspec.structs.replace(receipt, encoded_request="")).decode()
    return Outcome(
        state=NoticeState.TOLD,
        status=reply.status,
        expected_at=to_ms(receipt.expected_completion_time),
        proof=prove("receipt", reply.body, believed, kept=blanked),
    )


def make_request(order: Order, supported: Iterable[SupportedIdentity]) -> Request:
    """The request in the terms that the processor understands, the same for the same order. Pure but for where we are called back."""
    offered = {(one.identity_type, one.identity_format) for one in supported}
    identities = [made for kind, value in order.told.identities if (made := name_person(kind, value, offered))]
    more = _extension(order.told)
    return Request(
        regulation="gdpr",
        subject_request_id=str(order.notice.pk),
        subject_request_type=order.notice.right,
        submitted_time=to_moment(order.notice.asked_at),
        subject_identities=identities,
        api_version=V2,
        status_callback_urls=[callback_url()],
        extensions={order.domain: more} if more else {},
    )


def name_person(kind: str, value: str, offered: set[tuple[str, str]]) -> Identity | None:
    """An identifier as the processor takes it: raw, else by the strongest hash it takes; None: not at all. Pure."""
    own = TYPES.get(kind)
    if own is None:
        return None
    if (own, "raw") in offered:
        return Identity(identity_type=own, identity_value=value, identity_format="raw")
    for form, make in HASHES.items():
        if (own, form) in offered:
            return Identity(identity_type=own, identity_value=make(value.encode()).hexdigest(), identity_format=form)
    return None


def _extension(told: Told) -> dict[str, Any]:
    """What the generic fields cannot say."""
    phone = next((value for kind, value in told.identities if kind == PHONE), "")
    found: dict[str, Any] = {"phone": phone} if phone else {}
    if told.corrected:
        found["corrections"] = told.corrected
    if told.now_known_as:
        found["now_known_as"] = [{"kind": kind, "value": value} for kind, value in told.now_known_as]
    if told.purposes:
        found["purposes"] = told.purposes
    return found


def _is_ours(receipt: Receipt, body: bytes) -> bool:
    try:
        return base64.b64decode(receipt.encoded_request, validate=True) == body
    except binascii.Error:
        return False


def _ask(order: Order) -> Outcome:
    reply = call("GET", f"{order.address}/requests/{order.notice.pk}", authorization=order.authorization)
    if reply.status != 200:
        return Outcome(trouble="refused", status=reply.status)
    believed = _believe(order, reply)
    return outcome_of("status", reply.body, read(reply.body, Status), str(order.notice.pk), believed, status=reply.status)


def _cancel(order: Order) -> Outcome:
    reply = call("DELETE", f"{order.address}/requests/{order.notice.pk}", authorization=order.authorization)
    if reply.status != 202:
        return Outcome(trouble="not_cancelled", status=reply.status)
    believed = _believe(order, reply)
    if read(reply.body, Cancellation).subject_request_id != str(order.notice.pk):
        return Outcome(trouble="answer_of_another", status=reply.status)
    return Outcome(state=NoticeState.CANCELLED, status=reply.status, is_signed=True, proof=prove("cancellation", reply.body, believed))


def outcome_of(kind: str, raw: bytes, said: Status | Callback, request_id: str, believed: Believed, *, status: int = 0) -> Outcome:
    """What a status or callback comes to. Pure."""
    if said.subject_request_id != request_id:
        return Outcome(trouble="answer_of_another", status=status)
    reason = said.extensions.get(believed.domain, {}).get("reason", "")
    return Outcome(
        state=STATES[said.request_status],
        trouble=reason[:40] if isinstance(reason, str) and reason.replace("_", "a").isalnum() else "",
        status=status,
        expected_at=to_ms(said.expected_completion_time),
        is_signed=True,
        proof=prove(kind, raw, believed),
    )


def prove(kind: str, raw: bytes, believed: Believed, *, kept: str | None = None) -> Proof:
    """What is kept of a signed answer: the body as it came, or, where that may not be, `kept` with the digest in its place."""
    return Proof(
        kind=kind,
        digest=hashlib.sha256(raw).hexdigest(),
        body=raw.decode("utf-8", "replace") if kept is None else kept,
        signature=believed.signature,
        certificate=believed.certificate.decode("ascii", "replace"),
        domain=believed.domain,
    )


def _believe(order: Order, reply: Reply) -> Believed:
    way = NoticeWay(way=Way.OPENDSR, address=order.address, domain=order.domain)
    return believe(reply.body, reply.headers, {order.domain: way}, order.now)
