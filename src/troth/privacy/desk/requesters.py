"""Requests whose identity leads to nobody on file (Art. 11(2), 12(2) GDPR): taken all the same, answered, and looked for again by one datum more.

Where they can be told so, and what was written, lies in the file of the request alone: with its retention, and erased with the person who has
that address. What was told to look by is compared and not kept. Found or not, no data ever goes to an address that is not on file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F

from troth.kernel.errors import TrothError
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.people.identifiers import EMAIL, EXTERNAL_ID, PHONE, make_handle
from troth.people.lookup import find_people
from troth.privacy.desk import cases
from troth.privacy.desk.forwarding import begin as begin_forwarding
from troth.privacy.desk.freezing import freeze, name_purposes
from troth.privacy.desk.identity import MOST_TRIES, IdentityRefused
from troth.privacy.history import OPEN, By, Words, read_history, write_step
from troth.privacy.models import PrivacyRequest, RequestType, RequestWords
from troth.privacy.models.desk import RequesterFile
from troth.privacy.requests import ContactInvalid, check_contact, new_request
from troth.privacy.states import Act, next_state
from troth.privacy.terms import next_telling

TOLD_BY = (EMAIL, PHONE, EXTERNAL_ID)
"""By what somebody can be looked for."""


class NothingTold(TrothError):
    """There is nothing by which somebody could be looked for."""

    def __init__(self) -> None:
        super().__init__(f"Tell at least one of {', '.join(TOLD_BY)}, by which somebody can be looked for.")


def take_request(
    workspace_id: int,
    right: RequestType,
    *,
    told: Mapping[str, str],
    address: str,
    by: By,
    now: int,
    received_at: int | None = None,
    language: str = "",
    words: str = "",
    purposes: Sequence[str] | None = None,
) -> PrivacyRequest:
    """Take a request of whoever it may be: of the one person to whom what was told leads, else of somebody who is not on file.

    `address`: the e-mail address that it came from; empty: it came otherwise. That it leads to a person proves nothing of who asks.
    `purposes`: those that an objection names. Raises NothingTold, ContactInvalid, ReceiptImpossible, PurposeUnknown.
    """
    check_contact(address)
    known = {**told, **({EMAIL: address} if address and EMAIL not in told else {})}
    if subject := _find(workspace_id, known):
        return cases.open_request(
            subject, right, by=by, now=now, received_at=received_at, language=language, words=words, purposes=purposes
        )
    came = cases.check_receipt(received_at, now)
    request = new_request(workspace_id, right, source=by.door, received_at=came)
    request.language, request.tell_at = language, next_telling("", request.due_at)
    name_purposes(request, purposes)
    handle = make_handle(workspace_id, EMAIL, address) if address else None
    with transaction.atomic():
        request.save(force_insert=True)
        RequesterFile.objects.create(request_id=request.pk, workspace_id=workspace_id, address=address, tag=handle.tag if handle else b"")
        write_step(request, OPEN, by, now, facts={"on_file": False, "told": sorted(known)}, words=Words(words))
        begin_forwarding(request, now)
    return request


def file_of(request: PrivacyRequest) -> RequesterFile | None:
    """The file of a request whose person is not on file; None for any other, and once it is deleted."""
    return RequesterFile.objects.filter(pk=request.pk, workspace_id=request.workspace_id).first() if request.person_id is None else None


def look_again(request: PrivacyRequest, told: Mapping[str, str], *, by: By, now: int) -> bool:
    """Look for the person by what was told now; whether one was found. Five tries are the most.

    Who is found is not identified by that: the ladder of identity goes on as for everybody. Raises NothingTold, IdentityRefused, StepImpossible.
    """
    next_state(request.state, Act.LOOK)
    if not RequesterFile.objects.filter(pk=request.pk, tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        raise IdentityRefused("Nobody is looked for any more: there is no file of a requester, or that was tried five times.")
    subject = _find(request.workspace_id, told)
    with transaction.atomic():
        if subject is not None:
            _attach(request, subject)
            freeze(request, by=by, now=now)
        cases.looked(request, found=subject is not None, kinds=sorted(told), by=by, now=now)
    return subject is not None


def _attach(request: PrivacyRequest, subject: Subject) -> None:
    """The request is the person's from now on, and what was written lies with them; the address that was not on file is forgotten."""
    file = RequesterFile.objects.select_for_update().get(pk=request.pk)
    PrivacyRequest.objects.filter(pk=request.pk, workspace_id=request.workspace_id).update(person_id=subject.person_id)
    steps = {str(step.pk): step for step in read_history(request)}
    RequestWords.objects.bulk_create(
        RequestWords(
            bucket=bucket_of(subject.person_id),
            person_id=subject.person_id,
            words_id=int(step_id),
            request_id=request.pk,
            workspace_id=request.workspace_id,
            at=steps[step_id].at,
            kind=steps[step_id].act,
            subject=said[0],
            text=said[1],
        )
        for step_id, said in file.words.items()
    )
    file.delete()
    request.person_id = subject.person_id


def _find(workspace_id: int, told: Mapping[str, str]) -> Subject | None:
    """The one person to whom everything leads that leads to anybody; None where it is nobody, or several."""
    wanted = {kind: value.strip() for kind, value in told.items() if kind in TOLD_BY and value.strip()}
    if not wanted and not told:
        raise NothingTold
    if unknown := set(told) - set(TOLD_BY):
        raise ContactInvalid(f"Nobody can be looked for by {min(unknown)}: say one of {', '.join(TOLD_BY)}.")
    found = {subject for kind, value in wanted.items() for subject in find_people(workspace_id, value, (kind,))}
    return found.pop() if len(found) == 1 else None


def forget_files(now: int) -> bool:
    """Worker duty, over all buckets (the table has none): delete the files whose time is over."""
    RequesterFile.objects.filter(until__lte=now).delete()
    return False
