"""What differs between two versions of a template as they were written."""

from __future__ import annotations

from difflib import unified_diff

from troth.content.compiling import PARTS, Written
from troth.content.models import Kind


def compare(before: Written, after: Written) -> dict[str, list[str]]:
    """The lines that differ, by language and part (`de body`), and `settings`; what is equal is left out."""
    found = {"settings": diff_lines(_settings(before), _settings(after))}
    for language in sorted({*before.parts, *after.parts}):
        for part in PARTS[Kind(after.kind)]:
            was, now = (written.parts.get(language, {}).get(part, "") for written in (before, after))
            found[f"{language} {part}"] = diff_lines(was, now)
    return {name: lines for name, lines in found.items() if lines}


def diff_lines(before: str, after: str) -> list[str]:
    """The lines of two texts that differ, with two around each, as `diff -u` writes them; none where they are equal."""
    return list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]


def _settings(written: Written) -> str:
    return f"format: {written.format}\nlayout: {written.layout or '-'}\nfirst language: {written.language}"
