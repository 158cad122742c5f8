"""The history of requests: who did what and when, and, apart from it, the words, which go with the person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from troth.kernel.ids import bucket_of, new_row_id
from troth.privacy.models import PrivacyRequest, RequestStep, RequestWords
from troth.privacy.models.desk import RequesterFile
from troth.privacy.news import moves

OPEN, NOTE, CODE, TELL, CLOSE, HAND_OUT = "open", "note", "code", "tell", "close", "hand_out"
"""Steps that move nothing in the table of states, and the closing of what was honoured at once."""


@dataclass(frozen=True)
class By:
    """Who does something: by which door, and which member, if one."""

    door: str
    user_id: int = 0
    role: str = ""


@dataclass(frozen=True)
class Words:
    """What was written: a reason, a question, an answer, a note."""

    text: str
    subject: str = ""


HOLD_ENDED = "hold_ended"
"""What a legal hold kept of an erased person was erased too."""


def write_step(
    request: PrivacyRequest, act: str, by: By, now: int, *, facts: Mapping[str, Any] | None = None, words: Words | None = None
) -> RequestStep:
    """Write down a step, in the transaction of the change, or in one of its own where a step changes nothing else. `facts` outlive the person: fixed names and numbers only.

    Words are kept beside the person, or, of a person who is not on file, in the file of the request; nowhere once that is gone.
    """
    with transaction.atomic():
        step = make_step(request.pk, request.workspace_id, request.state, act, by, now, facts)
        step.save(force_insert=True)
        if words and words.text and request.person_id is None:
            _keep_apart(request, step, words)
        elif words and words.text and request.person_id is not None:
            RequestWords.objects.create(
                bucket=bucket_of(request.person_id),
                person_id=request.person_id,
                words_id=step.id,
                request_id=request.pk,
                workspace_id=request.workspace_id,
                at=now,
                kind=act,
                subject=words.subject,
                text=words.text,
            )
        moves.tell([request.pk], now)
    return step


def _keep_apart(request: PrivacyRequest, step: RequestStep, words: Words) -> None:
    with transaction.atomic():
        file = RequesterFile.objects.select_for_update().filter(pk=request.pk, workspace_id=request.workspace_id).first()
        if file is not None:
            file.words = {**file.words, str(step.pk): [words.subject, words.text]}
            file.save(update_fields=["words"])


def make_step(
    request_id: UUID, workspace_id: int, state: str, act: str, by: By, now: int, facts: Mapping[str, Any] | None = None
) -> RequestStep:
    """A step of a request, whose state it is afterwards; not yet written down."""
    return RequestStep(
        id=new_row_id(),
        request_id=request_id,
        workspace_id=workspace_id,
        at=now,
        act=act,
        door=by.door,
        user_id=by.user_id,
        role=by.role,
        state=state,
        facts=dict(facts or {}),
    )


def write_steps(steps: Iterable[RequestStep], now: int) -> None:
    """Write down steps of many requests, without words, in the transaction of the change."""
    made = RequestStep.objects.bulk_create(steps)
    moves.tell([step.request_id for step in made], now)


def read_history(request: PrivacyRequest) -> Sequence[RequestStep]:
    """The steps of a request, the first first."""
    return list(RequestStep.objects.filter(request_id=request.pk, workspace_id=request.workspace_id).order_by("id"))


def read_words(request: PrivacyRequest) -> Mapping[int, Words]:
    """What was written, by the step it belongs to; nothing once the person, or the file of one who is not on file, is gone."""
    if request.person_id is None:
        kept = RequesterFile.objects.filter(pk=request.pk, workspace_id=request.workspace_id).values_list("words", flat=True).first() or {}
        return {int(step_id): Words(text, subject) for step_id, (subject, text) in kept.items()}
    rows = RequestWords.objects.filter(bucket=bucket_of(request.person_id), person_id=request.person_id, request_id=request.pk)
    return {row.words_id: Words(row.text, row.subject) for row in rows}
