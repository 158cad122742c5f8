"""Every form in which bytes can carry a value, and a fast search for all of them at once.

A window of bytes is searched in two steps. First it is reduced to a *view*: ASCII letters, digits, `+` and `/`, all else deleted. UTF-16's
zero bytes, soft line breaks, folds, percent signs, equals signs and backslashes fall away, so a handful of plain substring searches in the
view covers dozens of encodings at memory speed. The letters n and r are deleted too, and with them line breaks written as backslash and
letter. Only where the view matches, the exact place and encoding are looked for in the window itself; what cannot be confirmed there is no
hit.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from troth.kernel.errors import TrothError

MIN_LENGTH = 4
"""Shorter values, in characters, occur everywhere by chance."""
MIN_BASE64 = 6
"""Shorter Base64 needles occur by chance in ordinary text."""
MIN_VIEW = 4
"""A needle that the view leaves fewer bytes of is searched in the window itself."""

_KEPT = bytes(b for b in range(128) if (chr(b).isalnum() and chr(b) not in "nrNR") or chr(b) in "+/-_")
_DROPPED = bytes(b for b in range(256) if b not in _KEPT)
_URL_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_ESCAPED_ALNUM = re.compile(rb"%(?:3[0-9]|4[1-9a-fA-F]|5[0-9aA]|6[1-9a-fA-F]|7[0-9aA])")
_LEFT_BY_ENCODE_URI = ";,/?:@&=+$-_.!~*'()#"
_LEFT_IN_PATHS = "/"  # what encoders of paths leave by default, Python's and nginx's among them
_LEFT_IN_SEGMENTS = ":@!$&'()*+,;="  # RFC 3986, 3.3: pchar
_SOFT_BREAK = rb"(?:=(?:\r?\n|(?:\\r)?\\n))?"


class ValueTooShort(TrothError):
    """A value that would be found everywhere by chance."""

    def __init__(self) -> None:
        super().__init__(f"A value to scan for needs at least {MIN_LENGTH} characters: leave shorter ones out.")


@dataclass(frozen=True)
class Found:
    """One occurrence; `offset` counts bytes from the start of the searched window."""

    value_index: int
    encoding: str
    offset: int
    end: int


@dataclass(frozen=True)
class Needles:
    """All that is needed to find one value."""

    value_index: int
    reach: int
    """Bytes that the longest form takes."""
    in_view: tuple[bytes, ...]
    in_json_view: tuple[bytes, ...]
    """Searched only where there are JSON escapes."""
    in_base64: tuple[bytes, ...]
    direct: tuple[bytes, ...]
    exact: tuple[tuple[str, bytes], ...]
    """Encoding and bytes, to be found in the lower-cased window."""
    escaped: re.Pattern[bytes]
    spaced_hex: re.Pattern[bytes]
    base64: re.Pattern[bytes] | None


def prepare_needles(values: Sequence[str]) -> tuple[Needles, ...]:
    """Needles for each value. Raises ValueTooShort."""
    return tuple(_prepare(index, value) for index, value in enumerate(values))


def overlap_for(values: Sequence[str]) -> int:
    """How many bytes neighbouring windows must share so that no encoding of a value falls between them."""
    longest = max((len(value.encode("utf-8", "surrogatepass")) for value in values), default=0)
    return max(1024, 24 * longest)


def find_values(window: bytes, needles: Sequence[Needles], fresh: int = 0) -> Iterator[Found]:
    """Each occurrence that ends after `fresh`, the part of the window that an earlier search already covered."""
    letters = reduce_to_letters(window)
    view = letters.lower()
    lowered: bytes | None = None
    has_json = b"\\u" in window
    unescaped = _view_of_odd_escapes(window, needles)
    for needle in needles:
        parts = needle.in_view + needle.in_json_view if has_json else needle.in_view
        candidate = any(part in view for part in parts)
        odd = bool(unescaped) and any(part in unescaped for part in needle.in_view)
        if needle.direct:
            lowered = lowered or window.lower()
            candidate = candidate or any(part in lowered for part in needle.direct)
        if candidate or odd:
            lowered = lowered or window.lower()
            expected = sum(view.count(part) for part in parts) + odd
            yield from (found for found in _locate(window, lowered, needle, expected) if found.end > fresh)
        if needle.base64 is not None and any(part in letters for part in needle.in_base64):
            for match in needle.base64.finditer(window):
                if match.end() > fresh:
                    yield Found(needle.value_index, "base64", match.start(), match.end())


def _view_of_odd_escapes(window: bytes, needles: Sequence[Needles]) -> bytes:
    """The view of the places where letters or digits are percent-encoded, decoded. No usual encoder does that, so there are few or none."""
    reach = max((needle.reach for needle in needles), default=0)
    pieces = []
    end = 0
    for match in _ESCAPED_ALNUM.finditer(window):
        if match.end() > end:
            start, end = max(end, match.start() - reach), match.end() + reach
            pieces.append(urllib.parse.unquote_to_bytes(window[start:end]))
    return reduce_to_letters(b"".join(pieces)).lower() if pieces else b""


def reduce_to_letters(window: bytes) -> bytes:
    """The view, in its original letter case; Base64's URL alphabet becomes the standard one."""
    return window.translate(_URL_TO_STANDARD, _DROPPED)


def _locate(window: bytes, lowered: bytes, needle: Needles, expected: int) -> list[Found]:
    """All occurrences in the window but those in Base64. The slow patterns run only where the usual forms do not explain what is expected."""
    found: dict[int, Found] = {}
    for encoding, pattern in needle.exact:
        start = lowered.find(pattern)
        while start >= 0:
            end = start + len(pattern)
            found.setdefault(start, Found(needle.value_index, _byte_order(lowered, encoding, start, end), start, end))
            start = lowered.find(pattern, start + 1)
    if len(found) >= max(1, expected):
        return list(found.values())
    for match in needle.escaped.finditer(window):
        if match.start() not in found:
            found[match.start()] = Found(needle.value_index, _name_of(match.group()), match.start(), match.end())
    for match in needle.spaced_hex.finditer(window):
        if match.start() not in found and not any(sign in match.group() for sign in (b"%", b"=")):
            found[match.start()] = Found(needle.value_index, "hex", match.start(), match.end())
    return list(found.values())


def _byte_order(lowered: bytes, encoding: str, start: int, end: int) -> str:
    """Text of one-byte characters is the same in both byte orders, but for the zero byte before or after it."""
    if encoding != "utf-16":
        return encoding
    return "utf-16be" if lowered[start - 1 : start] == b"\0" and lowered[end : end + 1] != b"\0" else "utf-16le"


def _name_of(matched: bytes) -> str:
    if b"\\" in matched:
        return "json"
    if b"%" in matched:
        return "url"
    if b"=" in matched:
        return "quoted-printable"
    return "url" if b"+" in matched else "raw"


def _prepare(index: int, value: str) -> Needles:
    if len(value) < MIN_LENGTH:
        raise ValueTooShort
    names: dict[bytes, str] = {}
    for encoding, form in _forms(value):
        names.setdefault(form.lower(), encoding)
    exact = [(encoding, form) for form, encoding in names.items()]
    in_view: list[bytes] = []
    in_json_view: list[bytes] = []
    direct: list[bytes] = []
    for encoding, form in exact:
        reduced = reduce_to_letters(form)
        if len(reduced) < MIN_VIEW:
            direct.append(form)
        else:
            (in_json_view if encoding == "json" else in_view).append(reduced)
    base64_parts = tuple(dict.fromkeys(part for text in _spelt_out(value) for part in _base64_parts(_encode(text))))
    return Needles(
        value_index=index,
        reach=max(len(form) for _, form in exact),
        in_view=_without_covered(in_view),
        in_json_view=_without_covered(in_json_view),
        in_base64=tuple(dict.fromkeys(reduce_to_letters(part) for part in base64_parts)),
        direct=tuple(direct),
        exact=tuple(exact),
        escaped=_escaped_pattern(value),
        spaced_hex=_spaced_hex_pattern(value),
        base64=_base64_pattern(base64_parts) if base64_parts else None,
    )


def _without_covered(parts: Sequence[bytes]) -> tuple[bytes, ...]:
    """The parts that contain no other part: where the longer one is, the shorter one is too."""
    unique = list(dict.fromkeys(parts))
    return tuple(part for part in unique if not any(other != part and other in part for other in unique))


def _spellings(value: str) -> list[str]:
    """Letter cases and Unicode compositions whose bytes differ."""
    forms = [value, value.lower(), value.upper()]
    return list(dict.fromkeys([*forms, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in forms)]))


def _spelt_out(value: str) -> list[str]:
    """Spellings looked for where the bytes are spelt out and lower-casing the window does not help."""
    return list(dict.fromkeys([value, value.lower()]))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _forms(value: str) -> Iterator[tuple[str, bytes]]:
    """Encoding and bytes of each usual form. Letter case is taken care of by searching in lower case, except where bytes are spelt out."""
    for text in _spellings(value):
        yield "raw", _encode(text)
        little, big = text.encode("utf-16-le", "surrogatepass"), text.encode("utf-16-be", "surrogatepass")
        yield from (("utf-16", big[1:]),) if little[:-1] == big[1:] else (("utf-16le", little), ("utf-16be", big))
        yield "reversed", _encode(text[::-1])
        if _fits_latin_1(text):
            yield "raw", text.encode("latin-1")
    for text in _spelt_out(value):
        raw = _encode(text)
        yield "hex", raw.hex().encode()
        yield "json", json.dumps(text)[1:-1].encode()
        yield "json", "".join(c if c.isascii() and c.isalnum() else _json_escape(c) for c in text).encode()
        yield "json", "".join(_json_escape(c) for c in text).encode()
        yield "url", urllib.parse.quote(raw, safe="").encode()
        yield "url", urllib.parse.quote_plus(raw).encode()
        for left in (_LEFT_IN_PATHS, _LEFT_IN_SEGMENTS, _LEFT_BY_ENCODE_URI):
            yield "url", urllib.parse.quote(raw, safe=left).encode()
        yield "url", b"".join(bytes([b]) if chr(b).isalnum() and b < 128 else b"%%%02x" % b for b in raw)
        yield "url", b"".join(b"%%%02x" % b for b in raw)
        yield "quoted-printable", b"".join(b"=%02x" % b if b > 127 or b == 61 else bytes([b]) for b in raw)
        if _fits_latin_1(text):
            yield "quoted-printable", b"".join(b"=%02x" % b if b > 127 or b == 61 else bytes([b]) for b in text.encode("latin-1"))


def _fits_latin_1(text: str) -> bool:
    return not text.isascii() and all(ord(character) < 256 for character in text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def _escaped_pattern(value: str) -> re.Pattern[bytes]:
    """Any mixture of plain and escaped characters, with soft line breaks in between."""
    groups = []
    for character in value:
        plain = {_encode(form) for text in (character, character.lower(), character.upper()) for form in (text,)}
        if not character.isascii():
            plain |= {
                text.encode("latin-1") for text in (character, character.lower(), character.upper()) if len(text) == 1 and ord(text) < 256
            }
        forms = [_SOFT_BREAK.join(re.escape(bytes([b])) for b in form) for form in plain]
        for form in plain:
            forms += [b"".join(b"%%%02x" % b for b in form), _SOFT_BREAK.join(b"=%02x" % b for b in form)]
        forms += [
            re.escape(_json_escape(text).encode()).replace(rb"\\u", rb"\\+u") for text in (character, character.lower(), character.upper())
        ]
        if not character.isalnum():
            forms.append(rb"\\+" + re.escape(_encode(character)))
        if character == " ":
            forms.append(rb"\+")
        groups.append(b"(?:" + b"|".join(dict.fromkeys(forms)) + b")")
    return re.compile(_SOFT_BREAK.join(groups), re.IGNORECASE)


def _spaced_hex_pattern(value: str) -> re.Pattern[bytes]:
    """Hexadecimal digits with up to three other characters between the bytes, as in dumps."""
    spellings = [_encode(text) for text in _spelt_out(value)]
    return re.compile(b"|".join(rb"[^0-9a-z]{0,3}".join(b"%02x" % b for b in raw) for raw in spellings), re.IGNORECASE)


def _base64_parts(raw: bytes) -> Iterator[bytes]:
    """What a value looks like inside Base64, for each of its three alignments: the characters that its neighbours cannot change."""
    for shift, changed in ((0, 0), (1, 2), (2, 3)):
        whole = (shift + len(raw)) * 8 // 6
        part = base64.b64encode(bytes(shift) + raw + bytes(3))[changed:whole]
        if len(part) >= MIN_BASE64:
            yield part


def _base64_pattern(parts: Sequence[bytes]) -> re.Pattern[bytes]:
    """The parts in either alphabet and folded over lines, also with the line break itself escaped."""
    fold = rb"(?:\\r|\\n|[^A-Za-z0-9+/_-]){0,8}"
    either = {ord("+"): b"[+-]", ord("/"): b"[/_]"}
    return re.compile(b"|".join(fold.join(either.get(b, bytes([b])) for b in part) for part in parts))
