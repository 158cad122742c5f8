"""What processors tell us of each change (callbacks), in the order of the security guidelines: domain, certificate, signature, and only then the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import structlog

from troth.privacy.downstream.answering import note_outcome
from troth.privacy.models.disclosures import NoticeWay, RecipientNotice, Way
from troth.privacy.opendsr.believing import CERTIFICATE, DOMAIN, NotBelieved, NotReached, believe, find_ways
from troth.privacy.opendsr.bodies import BodyInvalid, Callback, is_request_id, read, read_headers
from troth.privacy.opendsr.client import callback_url, outcome_of

log = structlog.get_logger()
TAKEN, NOT_BELIEVED, NOT_UNDERSTOOD, LATER = 202, 401, 400, 503


class Heard(NamedTuple):
    """What is answered: 202, or why not. The text says nothing of a person."""

    status: int
    says: str = ""


def hear(raw: bytes, headers: Mapping[str, str], now: int) -> Heard:
    """Take a callback. What is late, or goes back, is taken too, and moves nothing."""
    domain, _signature = read_headers(headers)
    try:
        believed = believe(raw, headers, find_ways(domain), now)
    except NotBelieved as error:
        log.warning("callback_not_believed", reason=error.reason)
        is_whose = error.reason == DOMAIN or error.reason.startswith(CERTIFICATE)
        return Heard(NOT_BELIEVED if is_whose else NOT_UNDERSTOOD, str(error))
    except NotReached as error:
        log.warning("callback_not_checked", reason=error.reason)
        return Heard(LATER, "The certificate cannot be had now: tell it again later.")
    try:
        said = read(raw, Callback)
    except BodyInvalid as error:
        return Heard(NOT_UNDERSTOOD, str(error))
    if said.status_callback_url != callback_url():
        return Heard(NOT_UNDERSTOOD, "status_callback_url is none of ours")
    notice = _find(said.subject_request_id, believed.domain)
    if notice is None:
        return Heard(NOT_UNDERSTOOD, "subject_request_id is none of ours for this processor")
    note_outcome(notice.pk, outcome_of("callback", raw, said, str(notice.pk), believed), now)
    return Heard(TAKEN)


def _find(request_id: str, domain: str) -> RecipientNotice | None:
    """Ours, and told to a processor that signs for this domain."""
    if not is_request_id(request_id):
        return None
    notice = RecipientNotice.objects.filter(pk=UUID(request_id), way=Way.OPENDSR, processor_id__isnull=False).first()
    if (
        notice is None
        or notice.processor_id is None
        or not NoticeWay.objects.filter(processor_id=notice.processor_id, domain=domain).exists()
    ):
        return None
    return notice
