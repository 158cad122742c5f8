"""Documents that people keep: one description of headings, texts, facts and tables, made into an archival PDF (PDF/A-2b).

Typst sets it, offline and with its own fonts, so that the same document is the same file on every machine. What a document says is handed over as
data: text that looks like code stays text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_suffix(".typ")


@dataclass
class Document:
    """What a document says, in its order. `language`: BCP 47, for hyphenation and screen readers; `foot` stands below each page."""

    title: str
    under: str = ""
    foot: str = ""
    language: str = "en"
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """A section begins."""
        self.blocks.append({"kind": "heading", "text": text})

    def text(self, text: str) -> None:
        """Paragraphs; an empty line parts them."""
        self.blocks.extend({"kind": "text", "text": part.strip()} for part in text.split("\n\n") if part.strip())

    def items(self, items: Sequence[str]) -> None:
        """A list."""
        if items:
            self.blocks.append({"kind": "items", "lines": list(items)})

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Names and what they are."""
        if facts:
            self.blocks.append({"kind": "facts", "facts": [list(fact) for fact in facts]})

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table whose head is repeated on each page."""
        self.blocks.append({"kind": "table", "head": list(head), "rows": [list(row) for row in rows]})

    def as_pdf(self) -> bytes:
        """The file."""
        import typst

        told = {"title": self.title, "under": self.under, "foot": self.foot, "language": self.language, "blocks": self.blocks}
        made = typst.compile(
            _template(), sys_inputs={"document": json.dumps(told)}, ignore_system_fonts=True, format="pdf", pdf_standards="a-2b"
        )
        if not isinstance(made, bytes):
            raise TypeError(f"Typst answered {type(made).__name__} where one PDF was asked for.")
        return made


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()
