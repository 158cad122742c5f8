"""The Vero tracking API v2, as its clients speak it: every path, method, token place and body encoding of the conformance checklist.

Parameters are checked before credentials. Every success is `{"status":200,"message":"Success."}`, whatever became of the command, so that nobody
learns who was erased. Errors name the JSON path at fault and never repeat the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from troth.intake.commands import Alias, Command, Decide, Decision, Delete, EditTags, Identify, Identity, Outcome, Track
from troth.intake.json_values import ValueRefused
from troth.intake.times import parse_time
from troth.intake.wire.request import Key, Keyring, Reply, Request, Work
from troth.intake.wire.values import read_id, read_object
from troth.intake.wire.vero_fields import Fields, read_fields
from troth.intake.wire.vero_people import facts, find_identity, read_names
from troth.kernel.clock import MINUTE
from troth.kernel.json_text import canonical
from troth.people.event_names import fold_event_name

SOURCE = "vero"
PREFIX = "/api/v2/"
SUCCESS = Reply(200, b'{"status":200,"message":"Success."}')
DEDUPE_MS = 5 * MINUTE
UNSUBSCRIBED_TAG = "unsubscribed"


def handle(request: Request, keyring: Keyring) -> Reply | Work:
    """Turn a request into commands, or into an answer."""
    endpoint = ENDPOINTS.get(request.path)
    if endpoint is None:
        return _error(404, "there is no such endpoint")
    methods, build = endpoint
    if request.method not in methods:
        return Reply(405, _error_body(405, f"use {' or '.join(methods)}"), ((b"allow", ", ".join(methods).encode()),))
    if build is None:
        return SUCCESS
    try:
        fields = read_fields(request)
        key = _find_key(fields, keyring)
        commands = build(fields, request.received_at, key)
    except ValueRefused as error:
        return _error(400, str(error))
    if key is None:
        return _error(401, "unauthorized: send the auth_token or tracking_api_key of a workspace")
    return Work(commands, _succeed)


def _succeed(outcomes: Sequence[Outcome]) -> Reply:
    return SUCCESS


def _error(status: int, message: str) -> Reply:
    return Reply(status, _error_body(status, message))


def _error_body(status: int, message: str) -> bytes:
    return msgspec.json.encode({"status": status, "message": message})


def _find_key(fields: Fields, keyring: Keyring) -> Key | None:
    """What the presented key may do; None when there is none that may track."""
    token = fields.get("auth_token") or fields.get("tracking_api_key")
    key = keyring(token) if isinstance(token, str) and token else None
    return key if key and "track" in key.scopes else None


def _workspace(key: Key | None) -> int:
    """Zero while the parameters of an unauthorised request are checked: its commands go nowhere."""
    return key.workspace_id if key else 0


def _users_track(fields: Fields, at: int, key: Key | None) -> list[Command]:
    data = read_object(fields.get("data"), "$.data")
    identity = find_identity(fields, "$", data, "$.data")
    workspace_id = _workspace(key)
    attributes = facts(data)
    tags = attributes.pop("tags") if isinstance(attributes.get("tags"), list) else None
    commands: list[Command] = [Identify(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, attributes=attributes)]
    return commands + (_tag_commands(identity, read_names(tags, "$.data.tags"), (), at, workspace_id) if tags else [])


def _users_edit(fields: Fields, at: int, key: Key | None) -> list[Command]:
    if fields.get("changes") is None:
        raise ValueRefused("$.changes", "is missing")
    changes = read_object(fields["changes"], "$.changes")
    identity = find_identity(fields, "$", changes, "$.changes")
    workspace_id = _workspace(key)
    attributes = facts(changes)
    tags = attributes.pop("tags") if isinstance(attributes.get("tags"), list) else None
    edit = Identify(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, attributes=attributes, create=False)
    return [edit, *(_tag_commands(identity, read_names(tags, "$.changes.tags"), (), at, workspace_id) if tags else [])]


def _users_reidentify(fields: Fields, at: int, key: Key | None) -> list[Command]:
    old, new = read_id(fields.get("id"), "$.id"), read_id(fields.get("new_id"), "$.new_id")
    if old is None:
        raise ValueRefused("$.id", "is missing")
    if new is None:
        raise ValueRefused("$.new_id", "is missing")
    identity, previous = Identity(external_id=new), Identity(external_id=old)
    return [Alias(workspace_id=_workspace(key), identity=identity, previous=previous, source=SOURCE, received_at=at)]


def _users_unsubscribe(fields: Fields, at: int, key: Key | None) -> list[Command]:
    identity = find_identity(fields, "$")
    return [Decide(workspace_id=_workspace(key), identity=identity, source=SOURCE, received_at=at, decision=Decision.WITHDRAW)]


def _users_resubscribe(fields: Fields, at: int, key: Key | None) -> list[Command]:
    """Recorded, but a bare claim permits nothing: the controller must be able to show that the person agreed (Art. 7(1) GDPR)."""
    identity = find_identity(fields, "$")
    return [Decide(workspace_id=_workspace(key), identity=identity, source=SOURCE, received_at=at, decision=Decision.GRANT)]


def _users_delete(fields: Fields, at: int, key: Key | None) -> list[Command]:
    """A key that every visitor of a web page can see opens only a request, unless the workspace gave it the scope."""
    confirmed = key is not None and "delete" in key.scopes
    identity = find_identity(fields, "$")
    return [Delete(workspace_id=_workspace(key), identity=identity, source=SOURCE, received_at=at, confirmed=confirmed)]


def _tags_edit(fields: Fields, at: int, key: Key | None) -> list[Command]:
    if fields.get("add") is None and fields.get("remove") is None:
        raise ValueRefused("$.add", "add or remove is missing")
    add, remove = read_names(fields.get("add"), "$.add"), read_names(fields.get("remove"), "$.remove")
    return _tag_commands(find_identity(fields, "$"), add, remove, at, _workspace(key))


def _tag_commands(identity: Identity, add: tuple[str, ...], remove: tuple[str, ...], at: int, workspace_id: int) -> list[Command]:
    """Tag edits. Applying the tag `unsubscribed` is an opt-out; removing it is no opt-in."""
    commands: list[Command] = [
        EditTags(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, add=add, remove=remove)
    ]
    if any(tag.strip().lower() == UNSUBSCRIBED_TAG for tag in add):
        commands.append(Decide(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, decision=Decision.WITHDRAW))
    return commands


def _events_track(fields: Fields, at: int, key: Key | None) -> list[Command]:
    given = read_object(fields.get("identity"), "$.identity")
    if not given:
        raise ValueRefused("$.identity", "is missing")
    name = read_id(fields.get("event_name"), "$.event_name")
    if name is None:
        raise ValueRefused("$.event_name", "is missing")
    identity = find_identity(given, "$.identity")
    data = read_object(fields.get("data"), "$.data")
    extras = read_object(fields.get("extras"), "$.extras")
    return [
        Track(
            workspace_id=_workspace(key),
            identity=identity,
            source=SOURCE,
            received_at=at,
            name=name,
            ts=_happened_at(extras, at) if extras else at,
            properties=data,
            attributes=facts(given) if len(given) > 1 else {},
            dedupe=_dedupe_key(name, identity, data, extras, fields),
            dedupe_ms=DEDUPE_MS,
        )
    ]


def _happened_at(extras: Fields, at: int) -> int:
    """The client's time of the event; one in the future is the present."""
    told = extras.get("created_at")
    if told is None or told == "":
        return at
    parsed = parse_time(told)
    if parsed is None:
        raise ValueRefused("$.extras.created_at", "must be an ISO 8601 time or Unix seconds")
    return min(parsed, at)


def _dedupe_key(name: str, identity: Identity, data: Fields, extras: Fields, fields: Fields) -> bytes:
    """Event and person, with the data, else the check id, if there is one (Vero, events/track). The door adds the workspace.

    The canonical form quotes its parts, so different keys cannot run together.
    """
    told: Fields | str | None = data
    if not data:
        check_id = extras.get("check_id", fields.get("check_id"))
        told = None if check_id is None or check_id == "" else str(check_id)
    return b"vero:" + canonical([fold_event_name(name), identity.external_id or (identity.email or "").lower(), told])


def _acknowledge(fields: Fields, at: int, key: Key | None) -> list[Command]:
    """A push notification was opened. It is acknowledged and not kept: nobody agreed to being watched by it."""
    return []


Build = Callable[[Fields, int, Key | None], list[Command]]
Endpoint = tuple[tuple[str, ...], Build | None]
_ENDPOINTS: dict[str, Endpoint] = {
    "users/track": (("POST",), _users_track),
    "users/edit": (("PUT",), _users_edit),
    "users/reidentify": (("PUT", "POST"), _users_reidentify),
    "users/unsubscribe": (("POST",), _users_unsubscribe),
    "users/resubscribe": (("POST",), _users_resubscribe),
    "users/delete": (("POST", "DELETE"), _users_delete),
    "users/tags/edit": (("PUT",), _tags_edit),
    "events/track": (("POST",), _events_track),
    "notifications/acknowledge": (("POST",), _acknowledge),
    "heartbeat": (("GET", "HEAD"), None),
}
ENDPOINTS: dict[str, Endpoint] = {
    f"{PREFIX}{path}{suffix}": endpoint for path, endpoint in _ENDPOINTS.items() for suffix in ("", "/", ".json", ".json/")
}
