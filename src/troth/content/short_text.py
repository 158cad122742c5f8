"""A short message as a template, for push, SMS and webhooks: Liquid sources of its parts, and what they make for one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.content.email_template import UNSUBSCRIBE
from troth.content.errors import ContentError, TemplateInvalid
from troth.content.languages import choose_language, languages_of
from troth.content.liquid import compile_template, render
from troth.content.reading import Read, read_template

PARTS = ("title", "body", "url", "image")
MOST_DATA = 20
"""Values beside the text that an app gets along."""
LONGEST_PART = 4_000
"""Characters of a rendered part; push services take 4 KiB in all."""
_CONTROL_CHARACTERS = dict.fromkeys([*(code for code in range(32) if code != 10), *range(127, 160)])


@dataclass(frozen=True)
class ShortTemplate:
    """Liquid sources. Only the body is needed; `data` are values that the app gets beside it, by name."""

    body: str
    title: str = ""
    url: str = ""
    image: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    translations: Mapping[str, ShortTemplate] = field(default_factory=dict)
    """By language; a person who has none of them gets this one."""

    def for_person(self, person: object) -> ShortTemplate:
        """The message in the language of a person, as templates know persons."""
        chosen = choose_language(self.translations, languages_of(person)) if self.translations else ""
        return self.translations[chosen] if chosen else self

    def sources(self) -> Iterator[tuple[str, str]]:
        """Each part with its source; the parts of `data` are called `data.NAME`."""
        yield from ((part, getattr(self, part)) for part in PARTS)
        yield from ((f"data.{name}", source) for name, source in self.data.items())
        for language, translation in self.translations.items():
            yield from ((f"{part} ({language})", source) for part, source in translation.sources())

    def check(self) -> None:
        """Make sure at publish that it will render. Raises TemplateInvalid with part, line and column, TemplateTooExpensive."""
        if not self.body.strip():
            raise TemplateInvalid(1, 1, "it is empty; every message needs one.", part="body")
        if len(self.data) > MOST_DATA:
            raise TemplateInvalid(1, 1, f"there are more than {MOST_DATA} values: leave some out.", part="data")
        for part, source in self.sources():
            try:
                render(compile_template(source, escape=False), {})
            except TemplateInvalid as error:
                raise TemplateInvalid(error.line, error.column, error.message, part=part) from None

    def as_json(self) -> dict[str, Any]:
        """As it is stored with a published template."""
        return {**{part: getattr(self, part) for part in PARTS}, "data": dict(self.data)}


class RenderedEmpty(ContentError):
    """For this person the body is empty."""


def short_from_json(stored: Mapping[str, Any]) -> ShortTemplate:
    """A stored one."""
    return ShortTemplate(
        body=stored.get("body", ""),
        title=stored.get("title", ""),
        url=stored.get("url", ""),
        image=stored.get("image", ""),
        data=stored.get("data", {}),
        translations={language: short_from_json(parts) for language, parts in stored.get("translations", {}).items()},
    )


def render_short(template: ShortTemplate, variables: Mapping[str, Any], *, unsubscribe_url: str | None = None) -> ShortTemplate:
    """The same parts as one person gets them. Title, link and picture are one line. Raises ContentError."""
    template = template.for_person(variables.get("person"))
    known = {**variables, UNSUBSCRIBE: unsubscribe_url or ""}

    def rendered(source: str) -> str:
        return render(compile_template(source, escape=False), known).translate(_CONTROL_CHARACTERS).strip()[:LONGEST_PART]

    body = rendered(template.body)
    if not body:
        raise RenderedEmpty("The body of the message is empty for this person: give its variables a default.")
    one_line = {part: " ".join(rendered(getattr(template, part)).split()) for part in ("title", "url", "image")}
    return ShortTemplate(
        body, one_line["title"], one_line["url"], one_line["image"], data={name: rendered(source) for name, source in template.data.items()}
    )


def read_short(template: ShortTemplate) -> list[Read]:
    """What its parts read of a person and an event. Raises TemplateInvalid, TemplateTooExpensive."""
    return [read for part, source in template.sources() for read in read_template(source, part)]
