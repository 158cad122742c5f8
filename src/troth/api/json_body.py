"""Request bodies: strict JSON with the limits that every door has."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest
from ninja.parser import Parser

from troth.intake.json_values import ValueRefused, check_value


class StrictParser(Parser):
    """Refuses NaN, lone surrogates, NUL, integers beyond 64 bit and deep nesting, with the JSON path."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The decoded body. Raises ValueRefused."""
        return read_body(request.body)


def read_body(text: bytes) -> Any:
    """The value of a JSON text within the limits. Raises ValueRefused."""
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueRefused("$", "The body is not valid JSON.") from None
    except RecursionError:
        raise ValueRefused("$", "nested too deep") from None
    check_value(body, "$")
    return body
