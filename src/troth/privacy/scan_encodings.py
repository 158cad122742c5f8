"""The forms in which a value may lie in a file: what the scanner looks for."""

from __future__ import annotations

import base64
import json
import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """Bytes to find. `folded`: letter case does not matter (the bytes are lower case already)."""

    value_index: int
    encoding: str
    needle: bytes
    folded: bool


def patterns_for(values: list[str]) -> list[Pattern]:
    """Every form of every value, without repetition."""
    found: dict[tuple[bytes, bool], Pattern] = {}
    for index, value in enumerate(values):
        for encoding, needle, folded in _forms(value):
            found.setdefault((needle, folded), Pattern(index, encoding, needle, folded))
    return list(found.values())


def _forms(value: str) -> list[tuple[str, bytes, bool]]:
    lower = value.lower()
    raw = lower.encode()
    forms = [
        ("raw", raw, True),
        ("utf-16-le", lower.encode("utf-16-le"), True),
        ("utf-16-be", lower.encode("utf-16-be"), True),
        ("hex", value.encode().hex().encode(), True),
        ("reversed", lower[::-1].encode(), True),
        ("url", urllib.parse.quote(lower, safe="").lower().encode(), True),
        ("url", "".join(f"%{byte:02x}" for byte in raw).encode(), True),
        ("json", json.dumps(lower)[1:-1].encode(), True),
        ("json", "".join(f"\\u{ord(char):04x}" for char in lower).encode(), True),
        ("json", lower.replace("/", "\\/").encode(), True),
        ("quoted-printable", _quoted_printable(lower).encode(), True),
    ]
    for variant in dict.fromkeys((value, lower)):
        forms += [("base64", needle, False) for needle in _base64_forms(variant.encode())]
    return forms


def _quoted_printable(text: str) -> str:
    return "".join(chr(byte) if 33 <= byte <= 126 and byte != 61 else f"={byte:02x}" for byte in text.encode())


def _base64_forms(raw: bytes) -> list[bytes]:
    """The part of the base64 text that depends on the value alone, at each of three alignments, in both alphabets."""
    forms = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        first = (shift * 8 + 5) // 6
        last = (shift + len(raw)) * 8 // 6
        core = text[first:last]
        if len(core) >= 6:
            forms += [core, core.translate(bytes.maketrans(b"+/", b"-_"))]
    return list(dict.fromkeys(forms))
