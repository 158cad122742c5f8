"""What can be wrong with content."""

from __future__ import annotations

from troth.kernel.errors import TrothError


class ContentError(TrothError):
    """A template cannot be used."""


class TemplateInvalid(ContentError):
    """A template that cannot be compiled; `line` counts from 1."""

    def __init__(self, part: str, line: int | None, message: str) -> None:
        place = f", line {line}" if line else ""
        super().__init__(f"{part}{place}: {message}")
        self.part = part
        self.line = line


class TemplateTooExpensive(ContentError):
    """A template that would use more time, memory or output than a message may."""

    def __init__(self) -> None:
        super().__init__("The template uses too much: shorten its loops and filters (64 KiB a value, 1 MiB in all).")
