"""What mails fetch and mailbox providers post, without Django's requests: pictures, links on their way to a goal, one-click unsubscribes.

The answer to a picture or a link is the same whether or not anything may be noted, and does not wait for it (`messages.noting`); HEAD notes
nothing. A one-click unsubscribe (RFC 8058) is answered when it is durable. No cookie, no cache, no word in a log.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from hmac import compare_digest
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.encoding import iri_to_uri

from troth.intake.asgi import Door
from troth.intake.commands import UNKNOWN_PERSON
from troth.intake.errors import DoorUnavailable
from troth.intake.wire.request import Reply
from troth.kernel.clock import now_ms
from troth.kernel.content_policy import content_policy
from troth.kernel.personal_data import Subject
from troth.messages.fetches import Fetch, SharedFetch
from troth.messages.machines import READ_HEADERS, name_machine
from troth.messages.noting import Noting
from troth.messages.tracking import collective_tag, read_measured
from troth.messages.unsubscribe_links import TEST, UnsubscribeLink
from troth.pages.dead_ends import render_unknown
from troth.pages.decisions import ONE_CLICK, withdrawal
from troth.pages.links import find_subject, read_link

log = structlog.get_logger()
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
"""A transparent GIF of one pixel."""
LONGEST_TOKEN = 6_000
LONGEST_SOURCE = 40
LARGEST_BODY = 64 * 1024
"""Bytes; RFC 8058 asks for 26, some providers wrap them in a form."""
BODY_SECONDS = 10.0
_OPENED = re.compile(r"/t/o/([^/]+)\.gif")
_FETCHED = re.compile(r"/t/a/([0-9]{1,18})/([^/]+)/([^/]+)\.gif")
_CLICKED = re.compile(r"/t/c/([^/]+)")
_ONE_CLICK = re.compile(r"/u/([^/]+)")
_PRIVATE = (
    (b"cache-control", b"no-store, private"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
)
_SECURE = ((b"strict-transport-security", b"max-age=31536000"),)
_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_PICTURE = Reply(200, PIXEL, ((b"content-type", b"image/gif"),))
_READ_ONLY = Reply(405, b"", ((b"allow", b"GET, HEAD"),))
_UNSUBSCRIBED = Reply(200, b"Unsubscribed.\n", _TEXT)
_TEST = Reply(200, b"This was a test: nothing has changed.\n", _TEXT)
_NOT_OURS = Reply(404, b"This link does not work: take it from the mail again.\n", _TEXT)


def is_for_machines(method: str, path: str) -> bool:
    """Whether a request is answered here; the page that asks before it unsubscribes is Django's."""
    return path.startswith("/t/") or (method == "POST" and _ONE_CLICK.fullmatch(path) is not None)


class Lean:
    """Answers `/t/…`, and POST to `/u/TOKEN`."""

    def __init__(self, door: Door, noting: Noting) -> None:
        self._door = door
        self._noting = noting
        self._headers = (*_PRIVATE, *(_SECURE if settings.TROTH_URL.startswith("https://") else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method, path = scope["method"], scope["path"]
        one_click = _ONE_CLICK.fullmatch(path) if method == "POST" else None
        reply = await self._unsubscribe(one_click[1], receive) if one_click else self._show(scope, method, path)
        length = (b"content-length", b"%d" % len(reply.body))
        await send({"type": "http.response.start", "status": reply.status, "headers": [length, *reply.headers, *self._headers]})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})

    def _show(self, scope: Scope, method: str, path: str) -> Reply:
        if method not in ("GET", "HEAD"):
            return _READ_ONLY
        headers = _read_headers(scope) if method == "GET" else {}
        is_silent = method == "HEAD" or headers.get("sec-gpc", "").strip() == "1"
        if found := _OPENED.fullmatch(path):
            return self._open(found[1], headers, is_silent=is_silent)
        if found := _CLICKED.fullmatch(path):
            return self._lead_on(found[1], headers, is_silent=is_silent)
        if found := _FETCHED.fullmatch(path):
            return self._share(int(found[1]), found[2], found[3], headers, is_silent=is_silent)
        return _unknown()

    def _open(self, token: str, headers: dict[str, str], *, is_silent: bool) -> Reply:
        """The picture of one mail."""
        measured = read_measured(token) if len(token) <= LONGEST_TOKEN and not is_silent else None
        if measured and not measured.url:
            self._noting.note(Fetch(measured, name_machine(headers, is_open=True), now_ms()))
        return _PICTURE

    def _lead_on(self, token: str, headers: dict[str, str], *, is_silent: bool) -> Reply:
        """On to where the link leads: only what was sealed here, so that nobody can borrow our name for their address."""
        measured = read_measured(token) if len(token) <= LONGEST_TOKEN else None
        if measured is None or not measured.url:
            return _unknown()
        if not is_silent:
            self._noting.note(Fetch(measured, name_machine(headers, is_open=False), now_ms()))
        return Reply(302, b"", ((b"location", _as_location(measured.url)),))

    def _share(self, workspace_id: int, source: str, tag: str, headers: dict[str, str], *, is_silent: bool) -> Reply:
        """The picture that all recipients of a source share."""
        ours = len(source) <= LONGEST_SOURCE and tag.isascii() and compare_digest(tag, collective_tag(workspace_id, source))
        if ours and not is_silent:
            self._noting.note(SharedFetch(workspace_id, source, bool(name_machine(headers, is_open=True)), now_ms()))
        return _PICTURE

    async def _unsubscribe(self, token: str, receive: Receive) -> Reply:
        """Withdraw what a link names, at once and for good when this returns 200 (RFC 8058; Art. 7(3) GDPR). Safe to repeat.

        What the body says does not matter: nobody but the mail's receiver has the address, and only a machine posts to it.
        """
        try:
            if refused := await _read_to_end(receive):
                return refused
            if token == TEST:
                return _TEST
            link = read_link(token)
            if link is None:
                return _NOT_OURS
            if not await self._withdraw(link, link.subject):
                # Merged into somebody else, or nothing is held any more: whoever is erased is not written to.
                subject = await asyncio.to_thread(_whom, link)
                if subject:
                    await self._withdraw(link, subject)
        except (DoorUnavailable, DatabaseError) as error:
            log.warning("unsubscribe_not_durable", error=type(error).__name__)
            return Reply(503, b"This cannot be recorded right now: send it again shortly.\n", (*_TEXT, (b"retry-after", b"1")))
        except Exception as error:  # noqa: BLE001 -- the boundary of the process: nothing but the class is told or logged
            log.error("unsubscribe_failed", error=type(error).__name__)
            return Reply(500, b"This failed, and nothing was recorded: send it again later.\n", _TEXT)
        return _UNSUBSCRIBED

    async def _withdraw(self, link: UnsubscribeLink, subject: Subject) -> bool:
        """Whether there is such a person to withdraw for."""
        outcomes = await self._door.submit([withdrawal(link, subject, method=ONE_CLICK, now=now_ms())])
        return outcomes[0].status != UNKNOWN_PERSON


def _whom(link: UnsubscribeLink) -> Subject | None:
    try:
        return find_subject(link)
    finally:
        connection.close()


async def _read_to_end(receive: Receive) -> Reply | None:
    """Read a body and keep nothing of it; an answer when it is too large, too slow or cut short."""
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Reply(400, b"The connection ended before the body did.\n", _TEXT)
                size += len(message.get("body", b""))
                if size > LARGEST_BODY:
                    return Reply(413, b"The body is larger than 64 KiB.\n", (*_TEXT, (b"connection", b"close")))
                if not message.get("more_body", False):
                    return None
    except TimeoutError:
        return Reply(408, b"The body did not arrive within 10 s.\n", (*_TEXT, (b"connection", b"close")))


_LOOKED_AT = {name.encode(): name for name in (*READ_HEADERS, "sec-gpc")}


def _read_headers(scope: Scope) -> dict[str, str]:
    """Of a request's headers those that are looked at, and no others."""
    return {_LOOKED_AT[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _LOOKED_AT}


def _as_location(url: str) -> bytes:
    """An address as a header can carry it: what an author wrote beyond ASCII is encoded, and what would end the header as well (RFC 9110, 10.2.2)."""
    return iri_to_uri(url).encode("ascii")


@cache
def _unknown() -> Reply:
    """For a person who followed a link that is broken."""
    page = render_unknown("en").encode()
    policy = (b"content-security-policy", content_policy().encode())
    return Reply(404, page, ((b"content-type", b"text/html; charset=utf-8"), (b"x-frame-options", b"DENY"), policy))
