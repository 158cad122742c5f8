"""The Vero tracking API v2, as its clients speak it: every path, method, token place and body encoding of the conformance checklist.

Parameters are checked before credentials; every success is `{"status":200,"message":"Success."}`, whatever became of the command, so that nobody
learns who was erased. De-duplication: five minutes, by data, else check_id, else event and person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from troth.intake.commands import Alias, Command, Decide, Decision, Delete, Device, EditTags, Identify, Identity, Outcome, Track
from troth.intake.json_values import ValueRefused, check_value, is_plainly_harmless
from troth.intake.times import parse_time
from troth.intake.wire.request import Key, Keyring, Reply, Request, Work
from troth.kernel.clock import MINUTE
from troth.kernel.json_text import canonical
from troth.people.event_names import fold_event_name

SOURCE = "vero"
PREFIX = "/api/v2/"
SUCCESS = Reply(200, b'{"status":200,"message":"Success."}')
LONGEST = 254
DEDUPE_MS = 5 * MINUTE
JSON_PLACES = ("identity", "data", "extras", "changes", "add", "remove", "channels")
UNSUBSCRIBED_TAG = "unsubscribed"

Fields = dict[str, Any]
_decoder = msgspec.json.Decoder(dict[str, Any])


class Refused(Exception):
    """The request cannot be used; the message names the place."""


def handle(request: Request, keyring: Keyring) -> Reply | Work:
    """Turn a request into commands, or into an answer."""
    path = request.path.removeprefix(PREFIX).removesuffix("/").removesuffix(".json")
    if path == "heartbeat":
        return SUCCESS if request.method in ("GET", "HEAD") else _error(405, "use GET")
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        return _error(404, "there is no such endpoint")
    methods, build = endpoint
    if request.method not in methods:
        return _error(405, f"use {' or '.join(methods)}")
    try:
        fields = read_fields(request)
        key = _find_key(fields, keyring)
        commands = build(fields, request.received_at, key.workspace_id if key else 0)
    except (Refused, ValueRefused) as error:
        return _error(400, str(error))
    if key is None or "track" not in key.scopes:
        return _error(401, "unauthorized: send auth_token or tracking_api_key of this workspace")
    if path == "users/delete" and "delete" in key.scopes:
        commands = [msgspec.structs.replace(command, confirmed=True) for command in commands]
    return Work(commands, _succeed)


def _succeed(outcomes: Sequence[Outcome]) -> Reply:
    return SUCCESS


def _error(status: int, message: str) -> Reply:
    return Reply(status, msgspec.json.encode({"status": status, "message": message}))


def _find_key(fields: Fields, keyring: Keyring) -> Key | None:
    for name in ("auth_token", "tracking_api_key"):
        token = fields.get(name)
        if isinstance(token, str) and token:
            return keyring(token)
    return None


def read_fields(request: Request) -> Fields:
    """The parameters of a request, from query string and body in any of the encodings. Raises Refused."""
    fields = _read_body(request)
    if request.query:
        fields = {**_read_form(request.query), **fields}
    for place in JSON_PLACES:
        value = fields.get(place)
        if isinstance(value, str):
            fields[place] = _parse_embedded(value, place)
    if not (is_plainly_harmless(request.body) and len(request.query) < 200):
        for name, value in fields.items():
            check_value(value, f"$.{name[:40]}")
    return fields


def _read_body(request: Request) -> Fields:
    body = request.body
    if not body.strip():
        return {}
    kind = request.headers.get(b"content-type", b"")
    if body.lstrip()[:1] == b"{" or b"json" in kind:
        try:
            return _decoder.decode(body)
        except RecursionError:
            raise Refused("$: nested too deeply") from None
        except msgspec.ValidationError:
            raise Refused("$: the body must be a JSON object") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused("$: the body is not valid JSON (UTF-8); was it cut?") from None
    return _read_form(body)


def _read_form(raw: bytes) -> Fields:
    """A form or query string, with Rails' brackets (`identity[id]=1`)."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=1_000)
    except UnicodeDecodeError:
        raise Refused("$: the form is not UTF-8") from None
    except ValueError:
        raise Refused("$: the form has more than 1,000 fields") from None
    fields: Fields = {}
    for name, value in pairs:
        outer, bracket, rest = name.partition("[")
        if not bracket:
            fields[name] = value
            continue
        inner = rest.rstrip("]")
        if inner:
            place = fields.setdefault(outer, {})
            if isinstance(place, dict):
                place[inner] = value
        else:
            places = fields.setdefault(outer, [])
            if isinstance(places, list):
                places.append(value)
    return fields


def _parse_embedded(text: str, place: str) -> Any:
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise Refused(f"$.{place}: must be JSON") from None


def _text(value: Any, place: str) -> str | None:
    """An id or address: text or a number, below 255 characters; null and empty mean absent."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused(f"{place}: must be text or a number")
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(text) > LONGEST:
        raise Refused(f"{place}: must be shorter than 255 characters")
    return text


def _email(value: Any, place: str) -> str | None:
    text = _text(value, place)
    if text is None:
        return None
    local, at, domain = text.strip().strip("<>").rpartition("@")
    if not (local and at and domain) or any(char.isspace() or char in ',;<>"' for char in local + domain):
        raise Refused(f"{place}: must be a valid email address")
    return text.strip()


def _object(value: Any, place: str) -> Fields:
    if value is None or value == "" or value == []:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"{place}: must be an object")
    return value


def _names(value: Any, place: str) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise Refused(f"{place}: must be a list")
    found = []
    for number, item in enumerate(value):
        name = _text(item, f"{place}[{number}]")
        if name:
            found.append(name)
    return tuple(dict.fromkeys(found))


def _devices(value: Any) -> tuple[Device, ...]:
    if isinstance(value, dict):
        value = [value]
    if not value:
        return ()
    if not isinstance(value, list):
        raise Refused("$.channels: must be a list")
    found = []
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise Refused(f"$.channels[{number}]: must be an object")
        token = _text(item.get("address"), f"$.channels[{number}].address")
        if item.get("type") == "push" and token:
            found.append(Device(token=token, platform=str(item.get("platform") or "")[:20]))
    return tuple(found)


def _identity(fields: Mapping[str, Any], place: str = "$", data: Mapping[str, Any] | None = None) -> Identity:
    """Who: `id` or `email` at least. Address and number in `data` count when none stands at the top."""
    known = data or {}
    external = _text(fields.get("id"), f"{place}.id")
    email = _email(fields.get("email"), f"{place}.email")
    if email is None and isinstance(known.get("email"), str):
        email = _email(known["email"], f"{place}.data.email")
    if external is None and email is None:
        raise Refused(f"{place}.id: id or email is missing")
    phone = fields.get("phone_number") or known.get("phone_number") or known.get("phone")
    return Identity(
        external_id=external,
        email=email,
        phone=phone if isinstance(phone, str) and len(phone) <= LONGEST else None,
        devices=_devices(fields.get("channels")),
    )


IDENTIFYING = frozenset({"id", "email", "phone_number", "phone"})


def _attributes(data: Mapping[str, Any]) -> Fields:
    """What is said about a person, without what identifies them, which is kept once, as identifiers."""
    return {name: value for name, value in data.items() if name not in IDENTIFYING and not name.startswith("_user_type")}


def _users_track(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    data = _object(fields.get("data"), "$.data")
    identity = _identity(fields, data=data)
    attributes = {name: value for name, value in _attributes(data).items() if name != "tags"}
    commands: list[Command] = [Identify(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, attributes=attributes)]
    tags = data.get("tags")
    if isinstance(tags, list):
        commands += _tag_commands(identity, _names(tags, "$.data.tags"), (), at, workspace_id)
    return commands


def _users_edit(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    changes = _object(fields.get("changes"), "$.changes")
    if "changes" not in fields:
        raise Refused("$.changes: is missing")
    identity = _identity(fields, data=changes)
    return [
        Identify(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, attributes=_attributes(changes), create=False)
    ]


def _users_reidentify(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    old, new = _text(fields.get("id"), "$.id"), _text(fields.get("new_id"), "$.new_id")
    if old is None:
        raise Refused("$.id: is missing")
    if new is None:
        raise Refused("$.new_id: is missing")
    identity, previous = Identity(external_id=new), Identity(external_id=old)
    return [Alias(workspace_id=workspace_id, identity=identity, previous=previous, source=SOURCE, received_at=at)]


def _users_unsubscribe(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    return [Decide(workspace_id=workspace_id, identity=_identity(fields), source=SOURCE, received_at=at, decision=Decision.WITHDRAW)]


def _users_resubscribe(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    """Recorded, but a bare claim permits nothing: the person has to say so (Art. 7(1))."""
    return [
        Decide(workspace_id=workspace_id, identity=_identity(fields), source=SOURCE, received_at=at, decision=Decision.GRANT, valid=False)
    ]


def _users_delete(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    return [Delete(workspace_id=workspace_id, identity=_identity(fields), source=SOURCE, received_at=at, confirmed=False)]


def _tags_edit(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    if "add" not in fields and "remove" not in fields:
        raise Refused("$.add: add or remove is missing")
    add, remove = _names(fields.get("add"), "$.add"), _names(fields.get("remove"), "$.remove")
    return _tag_commands(_identity(fields), add, remove, at, workspace_id)


def _tag_commands(identity: Identity, add: tuple[str, ...], remove: tuple[str, ...], at: int, workspace_id: int) -> list[Command]:
    commands: list[Command] = [
        EditTags(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, add=add, remove=remove)
    ]
    if UNSUBSCRIBED_TAG in add:
        commands.append(Decide(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, decision=Decision.WITHDRAW))
    return commands


def _events_track(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    given = _object(fields.get("identity"), "$.identity")
    if not given:
        raise Refused("$.identity: is missing")
    name = _text(fields.get("event_name"), "$.event_name")
    if name is None:
        raise Refused("$.event_name: is missing")
    identity = _identity(given, "$.identity")
    data = _object(fields.get("data"), "$.data")
    extras = _object(fields.get("extras"), "$.extras")
    happened = at
    if extras.get("created_at") not in (None, ""):
        parsed = parse_time(extras["created_at"])
        if parsed is None:
            raise Refused("$.extras.created_at: must be ISO 8601 or Unix seconds")
        happened = min(parsed, at)
    check = extras.get("check_id", fields.get("check_id"))
    told = data or (None if check in (None, "") else str(check))
    # Names and lengths are part of the canonical form, so different keys cannot run together.
    key = b"vero:" + canonical([fold_event_name(name), identity.external_id or identity.email, told])
    return [
        Track(
            workspace_id=workspace_id,
            identity=identity,
            source=SOURCE,
            received_at=at,
            name=name,
            ts=happened,
            properties=data,
            attributes=_attributes(given) if len(given) > 2 else {},
            dedupe=key,
            dedupe_ms=DEDUPE_MS,
        )
    ]


def _acknowledge(fields: Fields, at: int, workspace_id: int) -> list[Command]:
    """A push was opened. Without consent to open tracking nothing is kept; this version keeps nothing at all."""
    return []


ENDPOINTS: dict[str, tuple[tuple[str, ...], Callable[[Fields, int, int], list[Command]]]] = {
    "users/track": (("POST",), _users_track),
    "users/edit": (("PUT",), _users_edit),
    "users/reidentify": (("PUT", "POST"), _users_reidentify),
    "users/unsubscribe": (("POST",), _users_unsubscribe),
    "users/resubscribe": (("POST",), _users_resubscribe),
    "users/delete": (("POST", "DELETE"), _users_delete),
    "users/tags/edit": (("PUT",), _tags_edit),
    "events/track": (("POST",), _events_track),
    "notifications/acknowledge": (("POST",), _acknowledge),
}
