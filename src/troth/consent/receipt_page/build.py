"""Putting the file together. Its policy lets nothing in but the script and the style that it holds, by their hashes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from troth.consent.receipt_page.words import WORDS
from troth.kernel.json_text import canonical, encode

HERE = Path(__file__).parent


def build_page(receipt: Mapping[str, Any] | None, public_key: bytes, url: str) -> str:
    """The HTML file with a receipt in it, or with none, to be given receipts from files. `public_key` is PEM; `url` the address of this installation."""
    told = {"receipt": "" if receipt is None else msgspec.json.format(canonical(receipt)).decode(), "key": public_key.decode(), "url": url}
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; script-src 'sha256-{_hash(script)}'; style-src 'sha256-{_hash(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": WORDS["en"]["title"],
        "style": style,
        "words": _inside_script(encode(WORDS)),
        "held": _inside_script(encode(told)),
        "script": script,
    }
    before, *rest = _part("page.html").split("[[")
    return before + "".join(parts[name] + after for name, _, after in (piece.partition("]]") for piece in rest))


def _inside_script(text: str) -> str:
    """JSON that cannot end the element that it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()
