"""How the tests of the wire formats ask: plain requests, and a keyring of one workspace with its three kinds of key."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troth.intake.commands import ACCEPTED, Command, Outcome
from troth.intake.wire import segment, vero
from troth.intake.wire.request import Key, Reply, Request, Work

NOW = 1_795_447_343_354  # 2026-11-23T15:22:23.354Z
SERVER, BROWSER, WRITE, BLIND = "TESTTOKEN", "TESTKEY", "WK", "BLIND"
WORKSPACE = 7


@dataclass(frozen=True)
class Held:
    workspace_id: int
    kind: str
    scopes: frozenset[str]


KEYS: dict[str, Held] = {
    SERVER: Held(WORKSPACE, "server", frozenset({"track", "delete"})),
    BROWSER: Held(WORKSPACE, "tracking", frozenset({"track"})),
    WRITE: Held(WORKSPACE, "write", frozenset({"track"})),
    BLIND: Held(WORKSPACE, "api", frozenset({"people:read"})),
}


def keyring(token: str) -> Key | None:
    return KEYS.get(token)


def as_bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()


def ask_vero(
    method: str, path: str, body: Any = b"", *, query: str = "", content_type: str | None = "application/json", now: int = NOW
) -> Reply | Work:
    headers = {b"content-type": content_type.encode()} if content_type else {}
    return vero.handle(Request(method, f"/api/v2/{path}", query.encode(), headers, as_bytes(body), now), keyring)


def ask_segment(
    path: str, body: Any, *, user: str | None = WRITE, authorization: str | None = None, method: str = "POST", now: int = NOW
) -> Reply | Work:
    headers = {b"content-type": b"application/json"}
    if authorization is not None:
        headers[b"authorization"] = authorization.encode()
    elif user is not None:
        headers[b"authorization"] = b"Basic " + base64.b64encode(f"{user}:".encode())
    return segment.handle(Request(method, f"/v1/{path}", b"", headers, as_bytes(body), now), keyring)


def commands_of(work: Reply | Work) -> list[Command]:
    assert isinstance(work, Work), work
    return list(work.commands)


def only(work: Reply | Work) -> Any:
    """The one command of a request."""
    commands = commands_of(work)
    assert len(commands) == 1, commands
    return commands[0]


def answer_of(work: Reply | Work, outcomes: Sequence[Outcome] | None = None) -> Reply:
    """The answer once everything is durable."""
    if isinstance(work, Reply):
        return work
    return work.answer([Outcome(status=ACCEPTED, person_id=1) for _ in work.commands] if outcomes is None else outcomes)


def told(reply: Reply | Work) -> Any:
    """The answer's status and its body as JSON."""
    reply = answer_of(reply)
    return reply.status, json.loads(reply.body)


def refused(reply: Reply | Work, status: int, *words: str) -> None:
    """The answer is an error with this status whose message holds these words."""
    assert isinstance(reply, Reply), reply
    assert reply.status == status, reply
    message = json.loads(reply.body)["message"]
    for word in words:
        assert word in message, message
