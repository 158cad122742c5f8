"""The shapes of stored templates, layouts and snippets in the control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, StringConstraints

from troth.api.schemas import Input, Name, Time

PieceKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Parts = Annotated[
    dict[str, dict[str, str]],
    Field(
        description="By language, the sources by part: `subject`, `preheader`, `body` and `text` of an email; `title`, `body`, `url` and `image` of a"
        " short message; `body` of a layout or snippet. What a translation leaves empty is that of the first language.",
        examples=[{"en": {"subject": "Hello {{ person.name }}", "body": "<h1>Hello</h1>"}, "de": {"subject": "Hallo {{ person.name }}"}}],
    ),
]
Format = Literal["html", "mjml"]
Language = Annotated[str, StringConstraints(max_length=35)]


class PieceIn(Input):
    """A draft of a template (`email`, `short`), layout or snippet."""

    kind: Literal["email", "short", "layout", "snippet"]
    key: PieceKey
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    format: Format = "html"
    layout: Annotated[str, StringConstraints(max_length=64)] = Field(
        "", description="The key of the layout that a mail stands in; empty: none."
    )
    language: Language = Field("en", description="What it is written in first: who has no translation gets this.")
    parts: Parts = Field(default_factory=dict)


class PiecePatch(Input):
    """Changes of a draft; what is left out stays. `parts` are all languages anew."""

    name: Annotated[str, StringConstraints(max_length=200)] = ""
    format: Format = "html"
    layout: Annotated[str, StringConstraints(max_length=64)] = ""
    language: Language = ""
    parts: Parts = Field(default_factory=dict)


class PieceRow(Schema):
    """A template, layout or snippet in the list."""

    key: str
    kind: str
    name: str
    format: str
    version: int = Field(description="The last that was published; 0: none.")
    languages: list[str]
    updated_at: Time


class PieceOut(PieceRow):
    """A draft with its sources."""

    layout: str
    language: str
    parts: Parts
    has_changes: bool = Field(description="Whether the draft differs from what was published last.")


class VersionRow(Schema):
    """A published version."""

    version: int
    created_at: Time
    language: str
    outdated: list[str] = Field(description="The layouts and snippets in it that were published anew since.")


class TemplateVersionOut(VersionRow):
    """A published version as it was written, and as it is rendered: Liquid is all that is left to do."""

    format: str
    layout: str
    parts: Parts
    compiled: dict[str, dict[str, Any]] = Field(description="By language.")


class FindingOut(Schema):
    """Something found in a draft."""

    severity: Literal["error", "warning"]
    code: str
    part: str
    line: int
    column: int
    language: str
    message: str


class CheckOut(Schema):
    """All that was found: errors keep it from being published."""

    publishable: bool
    findings: list[FindingOut]


class PreviewIn(Input):
    """For whom a draft is rendered: somebody real (needs `people:read`), or made up."""

    person: Annotated[str, StringConstraints(max_length=320)] = Field("", description="Any identifier of a real person.")
    made_up: dict[str, Any] | None = Field(
        None, description="A person as templates know one, instead.", examples=[{"name": "Dana", "plan": "pro"}]
    )
    event: Name | Literal[""] = ""
    properties: dict[str, Any] | None = Field(None, description="Of the event; null: those of the real person's latest of this name.")
    language: Language = Field("", description="Empty: the person's.")
    marketing: bool = Field(True, description="Whether there is a way to unsubscribe in it.")


class TemplatePreviewOut(Schema):
    """What the person would get. Nothing is stored or sent."""

    subject: str
    html: str
    text: str
    url: str = ""


class DiffOut(Schema):
    """Lines that differ, by language and part, as `diff -u` writes them."""

    changes: dict[str, list[str]]
