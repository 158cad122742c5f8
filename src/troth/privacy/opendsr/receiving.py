"""Taking a request that came over OpenDSR: checked, known again if it came before, and brought to the desk.

Known again by the controller's own id in its workspace: with the same bytes it gets the same receipt, with others it is refused, so that nobody can
replay a request as another one.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from troth.consent.catalog import load_catalog
from troth.kernel.clock import MINUTE
from troth.kernel.crypto import derive, keyed_tag
from troth.kernel.errors import TrothError
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.privacy.desk.cases import open_request
from troth.privacy.desk.identity import Means
from troth.privacy.history import CLOSE, OPEN, write_step
from troth.privacy.legal_clock import due_at
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.models.opendsr import OpendsrCase, OpendsrRequest
from troth.privacy.opendsr.bodies import REGULATIONS, BodyInvalid, Receipt, Request, RequestStatus, is_request_id, read, to_moment, to_ms
from troth.privacy.opendsr.callback_queue import enqueue
from troth.privacy.opendsr.following import OPENDSR, cases_of
from troth.privacy.opendsr.identities import find_subjects
from troth.privacy.opendsr.instructions import when_to_carry_out
from troth.privacy.opendsr.offering import CORRECTIONS, NOW_KNOWN_AS, PHONE, PURPOSES, offered_types
from troth.privacy.opendsr.own_certificate import own_domain
from troth.privacy.opendsr.statuses import status_of
from troth.privacy.requests import new_request
from troth.privacy.seats import load_seat

log = structlog.get_logger()
LABEL = b"opendsr-body/v1"
SKEW = 5 * MINUTE
"""By which the other side's clock may be ahead."""
MOST_IDENTITIES, MOST_URLS, MOST_ENTRIES = 100, 10, 100
LONGEST_URL = 2_000


class RequestChanged(TrothError):
    """Another body under an id that is taken."""

    def __init__(self) -> None:
        super().__init__("subject_request_id was used for another request")


class _Asked(NamedTuple):
    """A request that was checked."""

    said: Request
    submitted_at: int
    phone: str
    purposes: list[str] | None
    words: str


def receive(workspace_id: int, key_id: int, raw: bytes, version: str, now: int) -> Receipt:
    """Take a request and give its receipt. Raises BodyInvalid, IdentityUnsupported, RequestChanged. `now` in milliseconds."""
    said = read(raw, Request)
    if not is_request_id(said.subject_request_id):
        raise BodyInvalid("subject_request_id is a UUID of version 4 in lower case")
    tag = keyed_tag(derive(LABEL), raw)
    row = _find(workspace_id, said.subject_request_id, tag)
    if row is None:
        asked = _check(workspace_id, said, now)
        subjects = find_subjects(workspace_id, said.subject_identities, asked.phone)
        try:
            with transaction.atomic():
                row = _open(workspace_id, key_id, asked, subjects, tag, version, now)
        except IntegrityError:
            # It came twice at the same moment.
            row = _find(workspace_id, said.subject_request_id, tag)
            if row is None:
                raise
    return Receipt(
        controller_id=str(workspace_id),
        expected_completion_time=to_moment(row.expected_at),
        received_time=to_moment(row.received_at),
        encoded_request=base64.b64encode(raw).decode(),
        subject_request_id=said.subject_request_id,
    )


def _find(workspace_id: int, subject_request_id: str, tag: bytes) -> OpendsrRequest | None:
    row = OpendsrRequest.objects.filter(workspace_id=workspace_id, subject_request_id=UUID(subject_request_id)).first()
    if row and not hmac.compare_digest(bytes(row.body_tag), tag):
        raise RequestChanged
    return row


def _check(workspace_id: int, said: Request, now: int) -> _Asked:
    """Raises BodyInvalid, naming the field and no value."""
    if not said.regulation:
        log.warning("opendsr_regulation_missing", workspace_id=workspace_id)
    elif said.regulation not in REGULATIONS:
        raise BodyInvalid(f"regulation is one of {', '.join(REGULATIONS)}")
    offered = offered_types()
    if said.subject_request_type not in offered:
        raise BodyInvalid(f"subject_request_type is one of {', '.join(offered)}", "unsupported_type")
    submitted_at = to_ms(said.submitted_time)
    if not 0 < submitted_at <= now + SKEW:
        raise BodyInvalid("submitted_time lies in the past")
    if len(said.subject_identities) > MOST_IDENTITIES:
        raise BodyInvalid(f"subject_identities has {MOST_IDENTITIES} entries at most")
    _check_urls(said.status_callback_urls)
    own = said.extensions.get(own_domain(), {})
    phone = own.get(PHONE, "")
    if not isinstance(phone, str):
        raise BodyInvalid("phone in the extension is a number in E.164 form")
    purposes, strange = _purposes(workspace_id, own)
    words = "\n".join([*_corrections(own), *([strange] if strange else [])]).replace("\0", "")
    return _Asked(said, min(submitted_at, now), phone, purposes, words)


def _check_urls(urls: Sequence[str]) -> None:
    if len(urls) > MOST_URLS:
        raise BodyInvalid(f"status_callback_urls has {MOST_URLS} entries at most")
    for url in urls:
        try:
            parts = urlsplit(url)
            is_good = parts.scheme == "https" and bool(parts.hostname) and not parts.username and parts.port != 0
        except ValueError:
            is_good = False
        if not is_good or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
            raise BodyInvalid("status_callback_urls are https addresses without a user name")


def _purposes(workspace_id: int, own: Mapping[str, Any]) -> tuple[list[str] | None, str]:
    """The workspace's own purposes, and in words those that it does not know, for a member to judge. Raises BodyInvalid."""
    keys = own.get(PURPOSES)
    if keys is None:
        return None, ""
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_ENTRIES or not all(isinstance(key, str) for key in keys):
        raise BodyInvalid("purposes in the extension are keys of purposes")
    known = load_catalog(workspace_id).purposes
    strange = [key for key in keys if key not in known]
    return list(dict.fromkeys(key for key in keys if key in known)), f"purposes: {', '.join(strange)}" if strange else ""


def _corrections(own: Mapping[str, Any]) -> list[str]:
    """For the member who corrects: kept with the person, as what they said. Raises BodyInvalid."""
    said, known_as = own.get(CORRECTIONS, {}), own.get(NOW_KNOWN_AS, [])
    if not isinstance(said, dict) or not isinstance(known_as, list) or len(said) + len(known_as) > MOST_ENTRIES:
        raise BodyInvalid("corrections in the extension are attributes with the values that they should have")
    if not all(isinstance(one, dict) and isinstance(one.get("kind"), str) and isinstance(one.get("value"), str) for one in known_as):
        raise BodyInvalid("now_known_as in the extension lists identifiers, each with kind and value")
    lines = [f"{name}: {value if isinstance(value, str) else encode(value)}" for name, value in said.items()]
    return [*lines, *(f"{one['kind']}: {one['value']}" for one in known_as)]


def _open(workspace_id: int, key_id: int, asked: _Asked, subjects: Sequence[Subject], tag: bytes, version: str, now: int) -> OpendsrRequest:
    right = RequestType(asked.said.subject_request_type)
    # What has to be read needs a reader.
    carry_out_at = None if asked.words else when_to_carry_out(workspace_id, right, subjects, now)
    row = OpendsrRequest(
        workspace_id=workspace_id,
        subject_request_id=UUID(asked.said.subject_request_id),
        key_id=key_id,
        version=version,
        body_tag=tag,
        type=right,
        regulation=asked.said.regulation or REGULATIONS[0],
        submitted_at=asked.submitted_at,
        received_at=now,
        expected_at=due_at(asked.submitted_at, load_seat(workspace_id)),
        status=RequestStatus.PENDING,
        callback_urls=list(dict.fromkeys(asked.said.status_callback_urls)),
        purposes=asked.purposes,
        carry_out_at=carry_out_at,
    )
    row.save(force_insert=True)
    for subject in subjects:
        case = open_request(
            subject,
            right,
            by=OPENDSR,
            now=now,
            received_at=asked.submitted_at,
            words=asked.words,
            means=Means.ASSERTED,
            tell_at_once=carry_out_at is None,
            purposes=asked.purposes,
        )
        OpendsrCase.objects.create(case=case, request=row)
    if not subjects:
        OpendsrCase.objects.create(case=_open_for_nobody(workspace_id, right, asked.submitted_at, now), request=row)
        row.status = status_of([case.state for case in cases_of(row)])
        row.save(update_fields=["status"])
        enqueue(row, row.expected_at, now)
    return row


def _open_for_nobody(workspace_id: int, right: RequestType, submitted_at: int, now: int) -> PrivacyRequest:
    """That nobody was found is an answer too, and provable."""
    case = new_request(workspace_id, right, source=OPENDSR.door, received_at=submitted_at)
    case.state, case.closed_at, case.steps = RequestState.DONE, now, {"found": 0}
    case.identity, case.identified_at = Means.ASSERTED, now
    case.save(force_insert=True)
    write_step(case, OPEN, OPENDSR, now, facts={"found": 0})
    write_step(case, CLOSE, OPENDSR, now)
    return case
