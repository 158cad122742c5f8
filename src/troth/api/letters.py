"""Letters to persons: the workspace's own texts, by kind and language, with versions; the built-in ones are the default."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from troth.api.access import ERASE, NO_MEMBER, workspace_of
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.privacy.desk.letter_preview import preview_letter
from troth.privacy.desk.letters import (
    KINDS,
    LANGUAGES,
    Letter,
    built_in,
    list_own,
    list_versions,
    put_back,
    read_letter,
    save_letter,
    variables_of,
)

router = Router(tags=["requests"])
Word = Annotated[str, StringConstraints(max_length=40)]


class LetterIn(Input):
    """A letter. Variables stand in braces, e.g. `{received}`; one that the kind does not have is refused with its place."""

    kind: Word
    language: Word
    subject: Annotated[str, StringConstraints(max_length=500)]
    text: Annotated[str, StringConstraints(max_length=20_000)]


class LetterLineOut(Schema):
    """A letter that can be sent."""

    kind: str
    language: str
    is_own: bool = Field(description="Whether the workspace wrote it; else it is the built-in one.")
    version: int
    variables: list[str]


class LetterVersionOut(Schema):
    """A version of the workspace's own; without a text the built-in letter was put back."""

    version: int
    at: Time
    subject: str
    text: str


class LetterOut(Schema):
    """A letter as it is sent now, the built-in one beside it, and the own versions, the newest first."""

    kind: str
    language: str
    version: int
    subject: str
    text: str
    built_in: str
    variables: list[str]
    versions: list[LetterVersionOut]


class LetterPreviewOut(Schema):
    """With made-up facts filled in."""

    subject: str
    text: str


@router.get("/letters", auth=ERASE, response={200: list[LetterLineOut], **problems()})
def list_letters(request: HttpRequest) -> list[LetterLineOut]:
    """Every kind of letter in every language."""
    own = list_own(workspace_of(request))
    return [
        LetterLineOut(
            kind=kind,
            language=language,
            is_own=(kind, language) in own,
            version=own[kind, language].version if (kind, language) in own else 0,
            variables=list(variables_of(kind)),
        )
        for kind in KINDS
        for language in LANGUAGES
    ]


@router.get("/letters/letter", auth=ERASE, response={200: LetterOut, **problems(400)})
def get_letter(
    request: HttpRequest, kind: Annotated[str, Query(max_length=40)] = "received", language: Annotated[str, Query(max_length=40)] = "en"
) -> LetterOut:
    """One letter."""
    return _show(workspace_of(request), kind, language)


@router.put("/letters/letter", auth=ERASE, response={200: LetterOut, **problems(400)})
def put_letter(request: HttpRequest, said: LetterIn) -> LetterOut:
    """Keep a new version; it is sent from now on. The same text as before makes none."""
    workspace_id = workspace_of(request)
    save_letter(workspace_id, said.kind, said.language, subject=said.subject, text=said.text, user_id=NO_MEMBER, now=now_ms())
    return _show(workspace_id, said.kind, said.language)


@router.delete("/letters/letter", auth=ERASE, response={200: LetterOut, **problems(400)})
def put_letter_back(
    request: HttpRequest, kind: Annotated[str, Query(max_length=40)] = "received", language: Annotated[str, Query(max_length=40)] = "en"
) -> LetterOut:
    """From now on the built-in letter is sent; the own versions are kept."""
    workspace_id = workspace_of(request)
    put_back(workspace_id, kind, language, user_id=NO_MEMBER, now=now_ms())
    return _show(workspace_id, kind, language)


@router.post("/letters/preview", auth=ERASE, response={200: LetterPreviewOut, **problems(400)})
def preview(request: HttpRequest, said: LetterIn) -> LetterPreviewOut:
    """How a letter would look; nothing is kept."""
    subject, text = preview_letter(workspace_of(request), Letter(said.kind, said.language, said.subject, said.text), now_ms())
    return LetterPreviewOut(subject=subject, text=text)


def _show(workspace_id: int, kind: str, language: str) -> LetterOut:
    letter = read_letter(workspace_id, kind, language)
    return LetterOut(
        kind=kind,
        language=language,
        version=letter.version,
        subject=letter.subject,
        text=letter.text,
        built_in=built_in(kind, language).text,
        variables=list(variables_of(kind)),
        versions=[
            LetterVersionOut(version=row.version, at=iso(row.at), subject=row.subject, text=row.text)
            for row in list_versions(workspace_id, kind, language)
        ],
    )
