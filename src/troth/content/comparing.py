"""What differs between two versions of a template as they were written."""

from __future__ import annotations

from difflib import unified_diff

from troth.content.compiling import PARTS, Written
from troth.content.models import Kind


def compare(before: Written, after: Written) -> dict[str, list[str]]:
    """The lines that differ, by language and part (`de body`), and `settings`; what is equal is left out."""
    found = {"settings": _diff(_settings(before), _settings(after))}
    for language in sorted({*before.parts, *after.parts}):
        for part in PARTS[Kind(after.kind)]:
            was, now = (written.parts.get(language, {}).get(part, "") for written in (before, after))
            found[f"{language} {part}"] = _diff(was, now)
    return {name: lines for name, lines in found.items() if lines}


def _settings(written: Written) -> str:
    return f"format: {written.format}\nlayout: {written.layout or '-'}\nfirst language: {written.language}"


def _diff(before: str, after: str) -> list[str]:
    return list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
