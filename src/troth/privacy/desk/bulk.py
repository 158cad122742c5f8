"""The same step for many requests: each on its own, so that one that cannot take it keeps nobody else waiting."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from troth.kernel.errors import TrothError
from troth.privacy.desk.cases import find_request
from troth.privacy.desk.steps import TOLD, How, Said, Step, draft_kind, take_step
from troth.privacy.desk.telling import draft
from troth.privacy.history import By


def take_for_many(
    workspace_id: int, ids: Iterable[UUID], step: Step, *, by: By, now: int, text: str = ""
) -> tuple[list[UUID], dict[UUID, str]]:
    """Take it for each; which did, and why the others did not. Without a text whoever must be told gets the letter in their language, by mail."""
    done: list[UUID] = []
    refused: dict[UUID, str] = {}
    for request_id in dict.fromkeys(ids):
        try:
            request = find_request(workspace_id, request_id)
            said = Said(text=text)
            kind = draft_kind(request, step)
            if not text and kind and (step in TOLD or kind == "done"):
                made = draft(request, kind, now)
                said = Said(text=made.text, subject=made.subject, how=How.MAIL)
            take_step(request, step, said, by=by, now=now)
        except TrothError as error:
            refused[request_id] = str(error)
        else:
            done.append(request_id)
    return done, refused
