"""The parameters of a Vero request, in whichever encoding they come.

JSON, JSON without content type, a form whose values are JSON text, JSON whose values are JSON text, the query string, Rails' brackets.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from troth.intake.json_values import ValueRefused, check_value, has_clean_text, is_small, shown
from troth.intake.wire.request import Request

Fields = dict[str, Any]

JSON_PLACES = frozenset({"identity", "data", "extras", "changes", "add", "remove", "channels"})
MOST_FIELDS = 1_000
_TOKEN_QUERY = b"tracking_api_key="
_decoder = msgspec.json.Decoder(dict[str, Any])
_any_decoder = msgspec.json.Decoder()


def read_fields(request: Request) -> Fields:
    """All parameters of a request; what the body says counts more than the query. Raises ValueRefused."""
    fields, is_json = _read_body(request)
    proven = is_json and is_small(request.body) and has_clean_text(request.body)
    if request.query:
        token = _lone_token(request.query)
        if token:
            fields.setdefault("tracking_api_key", token)
        else:
            proven = False
            fields = {**_read_form(request.query), **fields}
    for place in JSON_PLACES.intersection(fields):
        value = fields[place]
        if isinstance(value, str):
            fields[place] = _read_embedded(value, place)
    if not proven:
        for name, value in fields.items():
            check_value(value, f"$.{shown(name)}")
    return fields


def _lone_token(query: bytes) -> str:
    """The key of a query that holds nothing else, as the JavaScript client sends it; else empty."""
    if not query.startswith(_TOKEN_QUERY) or b"&" in query or b"%" in query or b"+" in query or not query.isascii():
        return ""
    return query[len(_TOKEN_QUERY) :].decode()


def _read_body(request: Request) -> tuple[Fields, bool]:
    """The parameters in the body, and whether it was JSON. Without content type it is JSON when it looks like it."""
    body = request.body
    if not body or body.isspace():
        return {}, True
    if body[0] != 0x7B and body.lstrip()[:1] != b"{" and b"json" not in request.headers.get(b"content-type", b"").lower():
        return _read_form(body), False
    try:
        return _decoder.decode(body), True
    except RecursionError:
        raise ValueRefused("$", "the body nests too deeply", "invalid_json") from None
    except msgspec.ValidationError:
        raise ValueRefused("$", "the body must be a JSON object of finite numbers", "invalid_json") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueRefused("$", "the body is not valid JSON in UTF-8, or was cut", "invalid_json") from None


def _read_embedded(text: str, place: str) -> Any:
    """The value of JSON text found where an object or list belongs."""
    if not text or text.isspace():
        return None
    try:
        return _any_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise ValueRefused(f"$.{place}", "must be JSON") from None


def _read_form(raw: bytes) -> Fields:
    """A form or query string, with Rails' brackets: `identity[id]=1`, `add[]=a`, `channels[][type]=push`."""
    if raw.count(b"&") >= MOST_FIELDS:
        raise ValueRefused("$", f"the form must not have more than {MOST_FIELDS} fields")
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise ValueRefused("$", "the form is not UTF-8") from None
    fields: Fields = {}
    for name, value in pairs:
        outer, bracket, rest = name.partition("[")
        if bracket and outer and rest.endswith("]"):
            _put(fields, [outer, *rest[:-1].split("][")], value)
        else:
            fields[name] = value
    return fields


def _put(fields: Fields, keys: list[str], value: str) -> None:
    """Put a value at `a[b][c]`; an empty key is the next place of a list. A path that contradicts an earlier one is ignored."""
    place: Any = fields
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        fresh: Any = value if following is None else [] if following == "" else {}
        if key and isinstance(place, dict):
            place = place.setdefault(key, fresh)
            if following is None:
                return
        elif not key and isinstance(place, list):
            # Rails: the same key again starts the next element of a list of objects.
            if following is None or not place or not isinstance(place[-1], dict) or following in place[-1]:
                place.append(fresh)
            place = place[-1]
        else:
            return
