"""The same step for many requests: each on its own, so that one that cannot take it keeps nobody else waiting; persons are erased some at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from troth.kernel.errors import TrothError
from troth.privacy.desk.carrying_out import erasure_of
from troth.privacy.desk.cases import find_request
from troth.privacy.desk.steps import TOLD, WAYS, How, Said, Step, draft_kind, prepare_step
from troth.privacy.desk.telling import draft
from troth.privacy.erasure.erasing import Erasure, erase_many
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestType

TOGETHER = 20
"""So many persons are erased together: who was told that they are waits for no more others."""


@dataclass
class _Many:
    """What came of the requests so far, and whose erasure waits for others to go with it."""

    now: int
    done: list[UUID] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)
    waiting: dict[UUID, Erasure] = field(default_factory=dict)

    def erase(self) -> None:
        """Erase those who wait."""
        for request_id, outcome in zip(self.waiting, erase_many([*self.waiting.values()], now=self.now), strict=True):
            if isinstance(outcome, TrothError):
                self.refused[request_id] = str(outcome)
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                self.done.append(request_id)
        self.waiting = {}

    def has(self, request: PrivacyRequest) -> bool:
        """Whether another request of the same person waits."""
        return any(subject.person_id == request.person_id for one in self.waiting.values() for subject in one.subjects)


def take_for_many(
    workspace_id: int, ids: Iterable[UUID], step: Step, *, by: By, now: int, text: str = ""
) -> tuple[list[UUID], dict[UUID, str]]:
    """Take it for each; which did, and why the others did not. Without a text whoever must be told gets the letter in their language, by mail."""
    many = _Many(now)
    try:
        for request_id in dict.fromkeys(ids):
            try:
                _take(many, find_request(workspace_id, request_id), step, by, text)
            except TrothError as error:
                many.refused[request_id] = str(error)
    finally:
        # Whoever was told that they are erased is, whatever befell another.
        many.erase()
    return many.done, many.refused


def _take(many: _Many, request: PrivacyRequest, step: Step, by: By, text: str) -> None:
    if len(many.waiting) >= TOGETHER or many.has(request):
        many.erase()
        request.refresh_from_db()
    said = _say(request, step, text, many.now)
    facts = prepare_step(request, step, said, many.now)
    if step == Step.CARRY_OUT and request.type == RequestType.ERASURE:
        many.waiting[request.pk] = erasure_of(request, by=by, facts=facts)
    else:
        WAYS[step](request, said, by, many.now, facts)
        many.done.append(request.pk)


def _say(request: PrivacyRequest, step: Step, text: str, now: int) -> Said:
    kind = draft_kind(request, step)
    if not text and kind and (step in TOLD or kind == "done"):
        made = draft(request, kind, now)
        return Said(text=made.text, subject=made.subject, how=How.MAIL)
    return Said(text=text)
