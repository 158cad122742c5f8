"""What can be wrong with content. No message repeats a person's data; parts of the template's own source may appear."""

from __future__ import annotations

from troth.kernel.errors import TrothError


class ContentError(TrothError):
    """Content from which no message can be made."""


class TemplateInvalid(ContentError):
    """A template that cannot be understood or rendered. Lines and columns count from 1."""

    def __init__(self, line: int, column: int, message: str, part: str = "") -> None:
        super().__init__(f"{part + ', ' if part else ''}line {line}, column {column}: {message}")
        self.line = line
        self.column = column
        self.message = message
        self.part = part
        """Which part of an e-mail: `subject`, `html` or `text`; empty when not known."""


class TemplateTooExpensive(ContentError):
    """A template that would take too much time or memory."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"The template is too expensive to render ({what}): make it shorter, or its loops and texts smaller.")
