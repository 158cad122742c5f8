"""In which language a page speaks to its reader."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header


def choose_language(request: HttpRequest, spoken: Sequence[str], wanted: str = "") -> str:
    """The best of the languages on offer for a reader: `wanted`, else as their browser asks, else English, else the first; empty without any."""
    accepted = [wanted, *(code for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")))]
    by_main = {language.split("-")[0].lower(): language for language in reversed(spoken)}
    exact = {language.lower(): language for language in spoken}
    for code in accepted:
        if found := exact.get(code.lower()) or by_main.get(code.split("-")[0].lower()):
            return found
    return by_main.get("en") or (spoken[0] if spoken else "")
