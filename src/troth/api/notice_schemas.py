"""The shapes of notices in the control API."""

from __future__ import annotations

from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from troth.api.purpose_schemas import Language, Long
from troth.api.schemas import Input, PurposeKey, Time

Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=50_000)]
Says = dict[str, Long]


class NoticeDraftOut(Schema):
    """A notice in one language, as it is being written."""

    text: str
    says: dict[str, str]
    faults: list[str] = Field(description="Why it cannot be published like this (C05); none: it can.")


class NoticeSummary(Schema):
    """A notice, in short."""

    key: str
    title: str
    purposes: list[str]
    version: int = Field(description="The latest published; 0: none yet.")
    languages: list[str] = Field(description="Those that the next version will have.")


class NoticeVersionOut(Schema):
    """A notice as published in one language; nobody can change it."""

    version: int
    language: str
    text_hash: str = Field(description="SHA-256 of the text, in hexadecimal: the text is at `/notice-texts/HASH`.")
    published_at: Time
    purposes: dict[str, int] = Field(description="Purpose → its version then.")
    says: dict[str, str]


class NoticeOut(NoticeSummary):
    """A notice with its drafts and all that was published, the newest first."""

    drafts: dict[str, NoticeDraftOut]
    faults: list[str] = Field(description="What holds for all languages.")
    versions: list[NoticeVersionOut]


class NewNotice(Input):
    """A notice to begin."""

    key: Annotated[str, StringConstraints(max_length=64)]
    title: Title
    purposes: list[PurposeKey] = Field([], max_length=50)


class NoticeIn(Input):
    """What to change; what is left out stays."""

    title: Title | None = None
    purposes: list[PurposeKey] | None = Field(None, max_length=50)


class DraftIn(Input):
    """The draft in one language; it may still lack something."""

    language: Language
    text: Text
    says: Says = Field({}, description="What the text says: controller, purposes, data, withdrawal, …", max_length=20)


class PublishIn(Input):
    """How to publish."""

    material: bool = Field(False, description="Who agreed before saw something essentially different: their consents count no more.")


class PublishedOut(Schema):
    """What was published."""

    version: int


class TextOut(Schema):
    """A text that people were shown."""

    text: str


class ChangesOut(Schema):
    """What changed between two versions, line by line: `- `, `+ ` and two spaces as in a patch."""

    lines: list[str]


class SourceIn(Input):
    """The controller's own preference page, and which published notice it shows."""

    notice: Annotated[str, StringConstraints(max_length=64)]
    version: int = Field(ge=1, le=2**31 - 1)
    language: Language
    url: Annotated[str, StringConstraints(max_length=2000)]
    instruction: Long = Field(description="Who declares it, and how the page asks (Art. 28(3)(a)).")


class SourceOut(Schema):
    """The declared page: a bare grant or resubscribe counts as given there, with that text."""

    notice: str
    version: int
    language: str
    url: str
    instruction: str
    declared_at: Time


class ConsentSettingOut(Schema):
    """How the workspace asks for consent."""

    imbalance: bool = Field(description="People depend on the controller: nothing can rest on their consent (rec. 43).")
    source: SourceOut | None = Field(description="Null: a bare grant is recorded and permits nothing.")


class ConsentSettingIn(Input):
    """What to state."""

    imbalance: bool
