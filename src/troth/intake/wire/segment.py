"""The Segment tracking API, as the server libraries of Segment and RudderStack speak it.

The content type is ignored; `writeKey` or HTTP Basic names the workspace; one bad message does not sink its batch; success is exactly 200 with
`{"success":true}`; errors carry `code` and `message`, without which one of the libraries would resend for ever. Errors name the JSON path at fault
and never repeat the value. A message that is dropped for suppression or consent is answered like any other: the answer reveals nobody.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from troth.intake.commands import Command, Outcome
from troth.intake.json_values import ValueRefused, has_clean_text
from troth.intake.wire.request import Key, Keyring, Reply, Request, Work
from troth.intake.wire.segment_commands import TYPES, Origin, add_commands
from troth.intake.wire.segment_messages import Body, id_of, read_batch, read_message, read_messages

PREFIX = "/v1/"
SUCCESS = Reply(200, b'{"success":true}')
BATCH, METRICS = "batch", "metrics"
_SHORT_PATHS = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": BATCH, "m": METRICS}
ENDPOINTS = {
    f"{PREFIX}{path}{suffix}": kind
    for path, kind in (*_SHORT_PATHS.items(), *((kind, kind) for kind in (*TYPES, BATCH)))
    for suffix in ("", "/")
}
MOST_DETAILS = 1_000


def handle(request: Request, keyring: Keyring) -> Reply | Work:
    """Turn a request into commands, or into an answer."""
    kind = ENDPOINTS.get(request.path)
    if kind is None:
        return _error(404, "not_found", "There is no such endpoint: post to /v1/batch.")
    if request.method != "POST":
        reply = _error(405, "method_not_allowed", "Use POST.")
        return msgspec.structs.replace(reply, headers=((b"allow", b"POST"),))
    if kind is METRICS:
        return SUCCESS
    presented = read_basic_user(request.headers.get(b"authorization", b""))
    if presented and _may_track(keyring(presented)) is None:
        return _unauthorized()
    try:
        return _handle_batch(request, presented, keyring) if kind is BATCH else _handle_single(request, kind, presented, keyring)
    except ValueRefused as error:
        return _error(400, error.code, str(error))


def _handle_batch(request: Request, presented: str, keyring: Keyring) -> Reply | Work:
    body = read_batch(request.body)
    key = _find_key(presented, body, keyring)
    if key is None:
        return _unauthorized()
    origin = Origin(body, request.received_at, key.workspace_id)
    commands: list[Command] = []
    ends: list[int] = []
    rejected: list[dict[str, Any]] = []
    repaired: list[dict[str, Any]] = []
    for index, read in enumerate(read_messages(body, request.body)):
        message, refusal, message_id, repairs = read
        try:
            if message is None:
                raise refusal or ValueRefused("$", "cannot be read")
            add_commands(message, message.type, origin, commands)
        except ValueRefused as error:
            message_id = id_of(message) if message else message_id
            rejected.append({"index": index, "messageId": message_id, "code": error.code, "message": str(error)})
        else:
            if repairs:
                repaired.append({"index": index, "messageId": message_id, "code": "repaired_value", "message": "; ".join(repairs[:10])})
        ends.append(len(commands))
    parts = body.batch or ()
    answer = _tell(len(parts) - len(rejected), rejected, repaired) if rejected or repaired else _succeed
    return Work(commands, answer, parts, ends, rejected)


def _handle_single(request: Request, kind: str, presented: str, keyring: Keyring) -> Reply | Work:
    message, refusal, _, _ = read_message(request.body, clean=has_clean_text(request.body))
    if refusal:
        raise refusal
    assert message is not None
    key = _find_key(presented, message, keyring)
    if key is None:
        return _unauthorized()
    commands: list[Command] = []
    add_commands(message, kind, Origin(message, request.received_at, key.workspace_id), commands)
    return Work(commands, _succeed)


def _tell(accepted: int, rejected: list[dict[str, Any]], repaired: list[dict[str, Any]]) -> Callable[[Sequence[Outcome]], Reply]:
    """Tell which messages were refused or repaired: the libraries see a success, a developer sees why."""
    body: dict[str, Any] = {"success": True, "accepted": accepted, "rejected": rejected[:MOST_DETAILS]}
    if repaired:
        body["repaired"] = repaired[:MOST_DETAILS]
    reply = Reply(200, msgspec.json.encode(body))
    return lambda outcomes: reply


def _succeed(outcomes: Sequence[Outcome]) -> Reply:
    return SUCCESS


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, msgspec.json.encode({"success": False, "code": code, "message": message}))


def _unauthorized() -> Reply:
    return _error(401, "unauthorized", "The write key is missing or unknown: send it as HTTP Basic user name or as writeKey.")


def _find_key(presented: str, body: Body, keyring: Keyring) -> Key | None:
    """The key of the header or the body; None when there is none that may track, or when both are given and differ."""
    given = body.writeKey
    if isinstance(given, str) and given:
        return _may_track(keyring(given)) if presented in ("", given) else None
    return _may_track(keyring(presented)) if presented else None


def _may_track(key: Key | None) -> Key | None:
    return key if key and "track" in key.scopes else None


def read_basic_user(header: bytes) -> str:
    """The user name of HTTP Basic (RFC 7617), with or without the colon that should follow it; empty for anything else."""
    scheme, _, value = header.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    value = value.strip().rstrip(b"=")
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
