"""Requests as cases: opened, asked about, extended, refused, withdrawn, answered. Each act moves the state, the clock and the history at once.

Telling the person is part of extending, refusing and answering; the mail leaves before the act is written down (`telling`), so that nothing
is recorded as told that was not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.people.lookup import load_person
from troth.privacy.desk.deciding import check_may_decide
from troth.privacy.desk.forwarding import begin as begin_forwarding
from troth.privacy.desk.freezing import freeze, name_purposes, unfreeze
from troth.privacy.desk.identity import STRENGTH, Means, is_known_enough
from troth.privacy.history import NOTE, OPEN, By, Words, write_step
from troth.privacy.legal_clock import Pause, Reading, check_extension, read_clock, stops_clock
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.models.desk import RequesterFile
from troth.privacy.requests import new_request
from troth.privacy.seats import unpack_seat
from troth.privacy.states import CLOSED, UNANSWERED, Act, StepImpossible, check_refusable, next_state, possible_acts
from troth.privacy.terms import PATIENCE, next_telling, open_pause

KEPT = 180 * DAY
"""How long the file of somebody who is not on file is kept once they were answered: for them to come back, or to complain."""


class RequestNotFound(TrothError):
    """No such request in this workspace."""

    def __init__(self) -> None:
        super().__init__("There is no such request in this workspace.")


class ReasonMissing(TrothError):
    """An act that must be explained to the person."""


class ReceiptImpossible(TrothError):
    """A request cannot have been received then."""


class PersonGone(TrothError):
    """The request is about nobody any more."""

    def __init__(self) -> None:
        super().__init__("Nobody on file belongs to this request: nothing is held that could be used.")


def find_request(workspace_id: int, request_id: UUID) -> PrivacyRequest:
    """One request of a workspace. Raises RequestNotFound."""
    found = PrivacyRequest.objects.filter(workspace_id=workspace_id, pk=request_id).first()
    if found is None:
        raise RequestNotFound
    return found


def subject_of(request: PrivacyRequest) -> Subject:
    """Whom a request is about. Raises PersonGone."""
    if request.person_id is None:
        raise PersonGone
    return Subject(request.workspace_id, request.person_id)


def open_request(
    subject: Subject,
    right: RequestType,
    *,
    by: By,
    now: int,
    received_at: int | None = None,
    language: str = "",
    words: str = "",
    means: str = "",
    tell_at_once: bool = False,
    purposes: Sequence[str] | None = None,
    is_honoured: bool = False,
) -> PrivacyRequest:
    """Take a request of a person; what they object to stands still from then on (`freezing`).

    `received_at` is earlier than `now` for one that came by letter; `means` where it is known who asks; `tell_at_once`: no member opened it, so
    they are told that it came; `purposes`: those that an objection names; `is_honoured`: it is carried out in the same breath.
    Raises PersonNotFound, ReceiptImpossible, PurposeUnknown.
    """
    load_person(subject)
    came = check_receipt(received_at, now)
    request = new_request(subject.workspace_id, right, source=by.door, received_at=came)
    request.person_id, request.language = subject.person_id, language
    request.tell_at = next_telling("", request.due_at)
    name_purposes(request, purposes)
    with transaction.atomic():
        request.save(force_insert=True)
        write_step(request, OPEN, by, now, words=Words(words))
        begin_forwarding(request, now)
        if not is_honoured:
            freeze(request, by=by, now=now)
        if means:
            _identified(request, means, by, now, {})
        if tell_at_once:
            request.tell_at = now
            request.save(update_fields=["tell_at"])
    return request


def check_receipt(received_at: int | None, now: int) -> int:
    """When it came: now, unless it was said. Raises ReceiptImpossible."""
    came = now if received_at is None else received_at
    if not 0 < came <= now:
        raise ReceiptImpossible("A request was received at some time before now: check the day.")
    return came


def is_unknown(request: PrivacyRequest) -> bool:
    """Whether whoever asks is not on file; of a person who is gone everything is closed, or being verified."""
    return request.person_id is None and request.state in UNANSWERED


def is_known(request: PrivacyRequest) -> bool:
    """Whether it is known well enough for the right who asks, so that a question about it would only hold the answer up (Art. 12(2), (6))."""
    return not is_unknown(request) and is_known_enough(request.type, request.identity)


def check_asking_identity(request: PrivacyRequest) -> None:
    """Raises StepImpossible: what stands against asking the person who they are."""
    next_state(request.state, Act.ASK_IDENTITY)
    if is_known(request):
        raise StepImpossible(
            "It is known well enough who asks for this right: asking would only hold the answer up (Art. 12(2), (6)). Carry it out, or ask what they mean."
        )


def acts_of(request: PrivacyRequest) -> list[Act]:
    """What members can do with a request as it is (`states.possible_acts`)."""
    return possible_acts(request.state, request.type, is_known=is_known(request), is_extended=request.extended_at is not None)


def clock_of(request: PrivacyRequest, now: int) -> Reading:
    """What the legal clock of a request shows."""
    return read_clock(request.received_at, unpack_seat(request.seat), pauses_of(request), request.extended_at, now)


def pauses_of(request: PrivacyRequest) -> list[Pause]:
    """The times in which the person owed an answer."""
    return [Pause(since, until) for since, until in request.pauses]


def ask_person(request: PrivacyRequest, act: Act, *, question: str, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that the person was asked who they are (`ASK_IDENTITY`) or what they mean (`ASK_CLARIFICATION`).

    While the question is open the clock stands still, if it was asked promptly. Raises StepImpossible.
    """
    if act == Act.ASK_IDENTITY:
        check_asking_identity(request)
    told = {"stops_clock": stops_clock(now, request.received_at), **(facts or {})}
    with transaction.atomic():
        own = _lock(request)
        if open_pause(pauses_of(own)) is None:
            own.pauses = [*own.pauses, [now, None]]
        _move(own, act, by, now, facts=told, words=Words(question))
    _show(request, own)


def identify(request: PrivacyRequest, means: Means, *, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that it is known who asks. A weaker means never replaces a stronger one. Raises StepImpossible."""
    with transaction.atomic():
        own = _lock(request)
        _identified(own, means, by, now, facts or {})
    _show(request, own)


def _identified(own: PrivacyRequest, means: str, by: By, now: int, facts: Mapping[str, Any]) -> None:
    if STRENGTH[means] >= STRENGTH[own.identity]:
        own.identity, own.identified_at = means, now
    own.code_digest = own.code_until = None
    if own.state == RequestState.IDENTITY_CHECK:
        _end_pause(own, now)
    _move(own, Act.IDENTIFY, by, now, facts={"means": means, **facts})


def clarify(request: PrivacyRequest, *, said: str, by: By, now: int) -> None:
    """The person said what they mean: the clock goes on. Raises StepImpossible."""
    with transaction.atomic():
        own = _lock(request)
        _end_pause(own, now)
        _move(own, Act.CLARIFY, by, now, words=Words(said))
    _show(request, own)


def check_extending(request: PrivacyRequest, reasons: str, now: int) -> None:
    """Raises StepImpossible, NotOursToDecide, ExtensionImpossible, ReasonMissing: what stands against an extension now."""
    next_state(request.state, Act.EXTEND)
    check_refusable(request.type)
    check_may_decide(request.workspace_id)
    check_extension(clock_of(request, now), now)
    _need(reasons, "Say why the answer takes longer: the person must be told the reasons (Art. 12(3)).")


def extend(request: PrivacyRequest, *, words: Words, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that the person was told that the answer takes two months more, and why. Raises as `check_extending` does."""
    with transaction.atomic():
        own = _lock(request)
        check_extending(own, words.text, now)
        own.extended_at = now
        _move(own, Act.EXTEND, by, now, facts=facts, words=words)
    _show(request, own)


def check_refusing(request: PrivacyRequest, reasons: str) -> None:
    """Raises StepImpossible, NotOursToDecide, ReasonMissing: what stands against a refusal."""
    next_state(request.state, Act.REFUSE)
    check_refusable(request.type)
    check_may_decide(request.workspace_id)
    _need(reasons, "Say why: whoever is refused must be told the reasons, and of complaint and judicial remedy (Art. 12(4)).")


def refuse(request: PrivacyRequest, *, words: Words, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that the person was refused, with reasons and remedies. Raises as `check_refusing` does."""
    with transaction.atomic():
        own = _lock(request)
        check_refusing(own, words.text)
        _move(own, Act.REFUSE, by, now, facts=facts, words=words)
    _show(request, own)


def withdraw(request: PrivacyRequest, *, by: By, now: int, said: str = "") -> None:
    """The person takes the request back. Raises StepImpossible."""
    with transaction.atomic():
        own = _lock(request)
        _move(own, Act.WITHDRAW, by, now, words=Words(said))
    _show(request, own)


def carried_out(request: PrivacyRequest, steps: Mapping[str, Any], *, by: By, now: int, words: str = "") -> None:
    """Write down what was carried out; in the transaction that does it. Raises StepImpossible."""
    own = _lock(request)
    own.steps = {**own.steps, **steps}
    _move(own, Act.CARRY_OUT, by, now, facts=steps, words=Words(words))
    _show(request, own)


def answer(request: PrivacyRequest, *, words: Words, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that the person was told what became of their request: it is done. Raises StepImpossible."""
    with transaction.atomic():
        own = _lock(request)
        _move(own, Act.ANSWER, by, now, facts=facts, words=words)
    _show(request, own)


def looked(request: PrivacyRequest, *, found: bool, kinds: Sequence[str], by: By, now: int) -> None:
    """Write down that somebody was looked for by what they told now, and whether they were found: the clock goes on. Raises StepImpossible."""
    with transaction.atomic():
        own = _lock(request)
        _end_pause(own, now)
        _move(own, Act.LOOK, by, now, facts={"found": found, "told": list(kinds)})
    _show(request, own)


def check_finding_nobody(request: PrivacyRequest, words: str) -> None:
    """Raises StepImpossible, ReasonMissing: what stands against saying that nothing is found."""
    next_state(request.state, Act.FIND_NOBODY)
    if not is_unknown(request):
        raise StepImpossible("Somebody on file asks: answer them.")
    _need(words, "Write what whoever asks is told.")


def find_nobody(request: PrivacyRequest, *, words: Words, by: By, now: int, facts: Mapping[str, Any] | None = None) -> None:
    """Write down that whoever asks was told that nothing is found about them (Art. 11(2), 12(2)). Raises as `check_finding_nobody` does."""
    with transaction.atomic():
        own = _lock(request)
        check_finding_nobody(own, words.text)
        own.steps = {**own.steps, "found": "nobody"}
        _move(own, Act.FIND_NOBODY, by, now, facts=facts, words=words)
    _show(request, own)


def add_note(request: PrivacyRequest, *, text: str, by: By, now: int) -> None:
    """Keep a note for colleagues; the person can read it in an export. Raises PersonGone, ReasonMissing."""
    if not is_unknown(request):
        subject_of(request)
    _need(text, "Write something.")
    with transaction.atomic():
        write_step(request, NOTE, by, now, words=Words(text))


def _move(own: PrivacyRequest, act: Act, by: By, now: int, *, facts: Mapping[str, Any] | None = None, words: Words | None = None) -> None:
    """The state, what follows from it, and the step."""
    own.state = next_state(own.state, act, is_extended=own.extended_at is not None)
    if own.state in CLOSED:
        _end_pause(own, now)
        own.closed_at, own.code_digest, own.code_until = now, None, None
    _set_term(own, now)
    own.save()
    write_step(own, act, by, now, facts=facts, words=words)
    if own.state in CLOSED:
        unfreeze(own, by=by, now=now)
    if own.state in CLOSED and own.person_id is None:
        RequesterFile.objects.filter(pk=own.pk, workspace_id=own.workspace_id).update(until=now + KEPT)


def _set_term(own: PrivacyRequest, now: int) -> None:
    """The end of the term, and when somebody is to be told of it next; another end is told anew."""
    before = own.due_at
    own.due_at = clock_of(own, now).due_at
    if own.due_at != before:
        own.told = ""
    waits = open_pause(pauses_of(own))
    own.paused_at = waits.since if waits and stops_clock(waits.since, own.received_at) else None
    if own.state in CLOSED:
        own.tell_at = None
    elif own.paused_at is not None:
        own.tell_at = own.paused_at + PATIENCE
    else:
        own.tell_at = next_telling(own.told, own.due_at)


def _end_pause(own: PrivacyRequest, now: int) -> None:
    own.pauses = [[since, now if until is None else until] for since, until in own.pauses]


def _lock(request: PrivacyRequest) -> PrivacyRequest:
    """The request as it is now; nobody else changes it until the transaction ends."""
    return PrivacyRequest.objects.select_for_update().get(pk=request.pk, workspace_id=request.workspace_id)


def _show(request: PrivacyRequest, own: PrivacyRequest) -> None:
    """Let the caller's own row tell what has become of it."""
    fields: Sequence[str] = [field.attname for field in PrivacyRequest._meta.local_concrete_fields]
    for name in fields:
        setattr(request, name, getattr(own, name))


def _need(text: str, problem: str) -> None:
    if not text.strip():
        raise ReasonMissing(problem)
