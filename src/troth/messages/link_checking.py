"""Whether the links and images of a template answer, asked on demand. Only the outside is asked (SSRF), few addresses, for seconds, and nothing is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import requests

from troth.content.assembling import Place
from troth.content.checking import Finding, find_links
from troth.content.compiling import compile_language
from troth.content.errors import ContentError
from troth.content.library import Library, languages_in, written_of
from troth.content.markup import find_liquid
from troth.content.models import Kind, Piece
from troth.messages.channels.outside import make_session

MOST = 40
"""Addresses that are asked at once."""
AT_ONCE = 8
SECONDS = 6.0
MOST_REDIRECTS = 5
LARGEST_IMAGE = 500_000
"""Bytes: larger ones take long on a phone."""
_ASK_AGAIN = frozenset({400, 403, 405, 501})
"""What servers answer that only know GET."""


class Address(NamedTuple):
    """An address of a template and its first place there."""

    url: str
    kind: str
    place: Place


def find_addresses(piece: Piece) -> list[Address]:
    """The web addresses in the draft that do not depend on who gets it, each once, in all languages; at most 40."""
    library, found = Library(piece.workspace_id), dict[str, Address]()
    for language in languages_in(piece):
        faults: list[ContentError] = []
        flat = compile_language(written_of(piece), language, library.in_language(language), faults=faults).flats.get("body")
        if flat is None or piece.kind == Kind.SHORT:
            continue
        for kind, attribute, _tag in find_links(flat):
            url = attribute.value.strip().replace("&amp;", "&")
            if url.lower().startswith(("http://", "https://")) and not find_liquid(url):
                found.setdefault(url, Address(url, kind, flat.place_at(attribute.value_start)))
    return list(found.values())[:MOST]


def check_addresses(piece: Piece) -> list[Finding]:
    """What answers wrongly, or not at all; warnings all of them, for a server may be down for a moment."""
    addresses = find_addresses(piece)
    with make_session() as session, ThreadPoolExecutor(AT_ONCE) as pool:
        session.max_redirects = MOST_REDIRECTS
        told = list(pool.map(lambda address: _ask(session, address), addresses))
    return [
        Finding(False, "answer", message, address.place.part, address.place.line, address.place.column)
        for address, message in zip(addresses, told, strict=True)
        if message
    ]


def _ask(session: requests.Session, address: Address) -> str:
    """What is wrong with an address; empty: nothing."""
    try:
        answer = session.head(address.url, timeout=SECONDS, allow_redirects=True)
        if answer.status_code in _ASK_AGAIN:
            with session.get(address.url, timeout=SECONDS, allow_redirects=True, stream=True) as again:
                return _judge(address, again)
        return _judge(address, answer)
    except requests.TooManyRedirects:
        return f"it is redirected more than {MOST_REDIRECTS} times."
    except (requests.RequestException, OSError, ValueError) as error:
        if "PrivateTarget" in repr(error):
            return "it leads inside this network, where nobody who gets the mail can follow."
        return f"nothing answers there ({type(error).__name__})."


def _judge(address: Address, answer: requests.Response) -> str:
    if answer.status_code >= 400:
        return f"it answers {answer.status_code}."
    if address.kind != "image":
        return ""
    kind, length = answer.headers.get("Content-Type", ""), answer.headers.get("Content-Length", "")
    if kind and not kind.lower().startswith("image/"):
        return f"this is no image but {kind.partition(';')[0]}."
    if length.isdigit() and int(length) > LARGEST_IMAGE:
        return f"this image has {int(length) // 1000} kB: make it smaller, it is loaded on phones."
    return ""
