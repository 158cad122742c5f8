"""The Segment tracking API, as the server libraries of Segment and RudderStack speak it.

The content type is ignored, `writeKey` or HTTP Basic identify the workspace, one bad message does not sink its batch, success is exactly 200, and
errors carry `code` and `message`, without which one of the libraries would resend for ever.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from troth.intake.commands import Alias, Command, Decide, Decision, Device, EditTags, Identify, Identity, Outcome, Track
from troth.intake.json_values import ValueRefused, check_value, is_plainly_harmless
from troth.intake.times import parse_time
from troth.intake.wire.request import Key, Keyring, Reply, Request, Work
from troth.kernel.clock import HOUR
from troth.kernel.json_text import encode

SOURCE = "segment"
PREFIX = "/v1/"
SUCCESS = Reply(200, b'{"success":true}')
TYPES = ("identify", "track", "page", "screen", "group", "alias")
SHORT_PATHS = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
DEDUPE_MS = 48 * HOUR
LARGEST_MESSAGE = 4 * 1024 * 1024
MOST_MESSAGES = 10_000
LONGEST_ID = 255
SHORT_MESSAGE = 200
_decoder = msgspec.json.Decoder(dict[str, Any])
_UNSUBSCRIBE = re.compile("unsubscribe", re.IGNORECASE)
_NOT_JSON = re.compile(rb"(?<![\w\"])-?(?:NaN|Infinity)(?![\w\"])|\\ud[89a-f]", re.IGNORECASE)

Fields = Mapping[str, Any]


class Refused(Exception):
    """A message that cannot be used."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def handle(request: Request, keyring: Keyring) -> Reply | Work:
    """Turn a request into commands, or into an answer."""
    path = request.path.removeprefix(PREFIX).rstrip("/")
    kind = SHORT_PATHS.get(path, path)
    if kind == "m" and request.method == "POST":
        return SUCCESS
    if kind != "batch" and kind not in TYPES:
        return _error(404, "not_found", "There is no such endpoint: post to /v1/batch.")
    if request.method != "POST":
        return _error(405, "method_not_allowed", "Use POST.")
    try:
        body = _decode(request.body)
        key = _find_key(request, body, keyring)
        if key is None:
            return _error(401, "unauthorized", "The write key is missing or unknown: send it as HTTP Basic user name or as writeKey.")
        messages = _messages(body, kind)
    except Refused as error:
        return _error(400, error.code, str(error))
    harmless = is_plainly_harmless(request.body) or _is_harmless_batch(request.body)
    sent = parse_time(body.get("sentAt"))
    commands: list[Command] = []
    rejected: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        try:
            if not isinstance(message, dict):
                raise Refused("invalid_message", "A message must be an object.")
            if not harmless:
                _check(message)
            _to_commands(message, body, kind, sent, request.received_at, key.workspace_id, commands)
        except (Refused, ValueRefused) as error:
            code = error.code if isinstance(error, Refused) else "invalid_value"
            told = message.get("messageId") if isinstance(message, dict) and isinstance(message.get("messageId"), str) else None
            rejected.append({"index": index, "messageId": told and told[:LONGEST_ID], "code": code, "message": str(error)})
    if kind != "batch" and rejected:
        return _error(400, rejected[0]["code"], rejected[0]["message"])
    return Work(commands, _answer_with(len(messages) - len(rejected), rejected) if rejected else _succeed)


def _succeed(outcomes: Sequence[Outcome]) -> Reply:
    return SUCCESS


def _answer_with(accepted: int, rejected: list[dict[str, Any]]) -> Callable[[Sequence[Outcome]], Reply]:
    reply = Reply(200, msgspec.json.encode({"success": True, "accepted": accepted, "rejected": rejected[:1_000]}))
    return lambda outcomes: reply


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, msgspec.json.encode({"success": False, "code": code, "message": message}))


def _decode(body: bytes) -> dict[str, Any]:
    """The body; what is nearly JSON (NaN, lone surrogates, from Python libraries) is read too, and the message that contains it refused later."""
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise Refused("invalid_json", "The body is nested too deeply.") from None
    except msgspec.ValidationError:
        raise Refused("invalid_json", "The body must be a JSON object.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        if not _NOT_JSON.search(body):
            raise Refused("invalid_json", "The body is not valid JSON (UTF-8).") from None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("invalid_json", "The body is not valid JSON (UTF-8).") from None
    if not isinstance(found, dict):
        raise Refused("invalid_json", "The body must be a JSON object.")
    return found


def _find_key(request: Request, body: Fields, keyring: Keyring) -> Key | None:
    """The write key of the header, the body, or both when they agree."""
    given = body.get("writeKey")
    header = _basic_user(request.headers.get(b"authorization", b""))
    if header and isinstance(given, str) and given and given != header:
        return None
    token = header or (given if isinstance(given, str) else "")
    key = keyring(token) if token else None
    return key if key and "track" in key.scopes else None


def _basic_user(header: bytes) -> str:
    scheme, _, value = header.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _messages(body: dict[str, Any], kind: str) -> list[Any]:
    if kind != "batch":
        return [body]
    batch = body.get("batch")
    if not isinstance(batch, list):
        raise Refused("invalid_batch", "$.batch must be a list of messages.")
    if len(batch) > MOST_MESSAGES:
        raise Refused("batch_too_long", f"A batch holds at most {MOST_MESSAGES} messages.")
    return batch


def _is_harmless_batch(body: bytes) -> bool:
    """The quick check of a long body: nothing escaped, no long number, no long text and little nesting anywhere."""
    digits = body.translate(_DIGITS)
    return (
        b"\\u" not in body
        and b"9" * 18 not in digits
        and b"{" * 2 not in body
        and b"[" * 8 not in body
        and body.count(b"[") < 32
        and len(body) < 1_000_000
        and max(map(len, body.split(b'"'))) <= LONGEST_ID
        and _deepest(body) <= 16
    )


_DIGITS = bytes.maketrans(b"012345678", b"9" * 9)
_NO_BRACES = bytes(set(range(256)) - set(b"{}"))


def _deepest(body: bytes) -> int:
    """How deep objects nest, by repeatedly removing innermost pairs of braces; braces inside texts can only make it look deeper."""
    braces = body.translate(None, _NO_BRACES)
    for depth in range(17):
        if not braces:
            return depth
        shorter = braces.replace(b"{}", b"")
        if shorter == braces:
            return 99
        braces = shorter
    return 99


def _check(message: Fields) -> None:
    check_value(message, "$")
    if len(encode(message)) > LARGEST_MESSAGE:
        raise Refused("message_too_large", "The message is larger than 4 MiB.")


def _id(value: Any, place: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("invalid_identifier", f"$.{place} must be text or a number.")
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(text) > LONGEST_ID:
        raise Refused("invalid_identifier", f"$.{place} must be at most {LONGEST_ID} characters long.")
    return text


def _object(value: Any, place: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("invalid_message", f"$.{place} must be an object.")
    return value


def event_time(message: Fields, batch_sent: int | None, received_at: int) -> int:
    """When it happened, corrected by the client's clock error: receivedAt − (sentAt − client time). Never in the future.

    `batch_sent` is the batch's own sentAt in milliseconds, which a message's overrides.
    """
    sent = (parse_time(message["sentAt"]) if "sentAt" in message else None) or batch_sent
    told = (
        parse_time(message.get("timestamp"))
        or (parse_time(message["originalTimestamp"]) if "originalTimestamp" in message else None)
        or sent
        or received_at
    )
    return min(received_at, received_at - (sent - told) if sent else told)


def _to_commands(message: Fields, batch: Fields, kind: str, sent: int | None, at: int, workspace_id: int, commands: list[Command]) -> None:
    """Append the commands of one message. Raises Refused."""
    what = message.get("type") if kind == "batch" else kind
    if what not in TYPES:
        raise Refused("unknown_type", f"$.type must be one of {', '.join(TYPES)}.")
    context = message.get("context") or batch.get("context") or {}
    if message is not batch and batch.get("context") and message.get("context"):
        context = {**_object(batch["context"], "context"), **_object(message["context"], "context")}
    context = _object(context, "context")
    identity = _identity(message, what, context)
    if what == "track":
        event = message.get("event")
        if not isinstance(event, str) or not event.strip():
            raise Refused("missing_event", "$.event is missing: a track needs a name.")
        properties = _object(message.get("properties"), "properties")
        commands.append(_track(message, sent, identity, event, properties, at, workspace_id))
        if _UNSUBSCRIBE.search(event):
            commands.append(Decide(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, decision=Decision.WITHDRAW))
    elif what in ("page", "screen"):
        commands.append(_view(message, sent, what, identity, at, workspace_id))
    elif what == "alias":
        previous = _id(message.get("previousId"), "previousId")
        if previous is None:
            raise Refused("missing_identifier", "$.previousId is missing.")
        old = Identity(external_id=previous, anonymous_id=previous)
        commands.append(Alias(workspace_id=workspace_id, identity=identity, previous=old, source=SOURCE, received_at=at))
    else:
        attributes = _traits(message, what, context)
        commands.append(Identify(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, attributes=attributes))
    if len(message) > 7 or "consent" in context or "integrations" in message:
        _add_extras(message, batch, context, identity, at, workspace_id, commands)


def _identity(message: Fields, what: str, context: Fields) -> Identity:
    user, anonymous = _id(message.get("userId"), "userId"), _id(message.get("anonymousId"), "anonymousId")
    if user is None and (anonymous is None or what == "alias"):
        raise Refused("missing_identifier", "$.userId or $.anonymousId is missing.")
    email = phone = None
    if what == "identify":
        traits = _all_traits(message, context)
        email = traits.get("email") if isinstance(traits.get("email"), str) and "@" in traits["email"] else None
        phone = traits.get("phone") if isinstance(traits.get("phone"), str) else None
    return Identity(external_id=user, anonymous_id=anonymous, email=email or None, phone=phone or None, devices=_devices(context))


def _devices(context: Fields) -> tuple[Device, ...]:
    device = context.get("device")
    if not isinstance(device, dict) or not isinstance(device.get("token"), str) or not device["token"]:
        return ()
    return (Device(token=device["token"], platform=str(device.get("type") or "")[:20]),)


def _all_traits(message: Fields, context: Fields) -> dict[str, Any]:
    return _object(message.get("traits") or context.get("traits"), "traits")


def _traits(message: Fields, what: str, context: Fields) -> dict[str, Any]:
    if what == "group":
        group = _id(message.get("groupId"), "groupId")
        if group is None:
            raise Refused("missing_identifier", "$.groupId is missing.")
        return {"group": {"id": group, **_object(message.get("traits"), "traits")}}
    return {name: value for name, value in _all_traits(message, context).items() if name not in ("email", "phone", "id")}


def _view(message: Fields, sent: int | None, what: str, identity: Identity, at: int, workspace_id: int) -> Track:
    """Page and screen are events, named as Segment and RudderStack translate them for Vero: `Viewed [category ][name ]Page`."""
    words = [message[part] for part in ("category", "name") if isinstance(message.get(part), str) and message[part]]
    properties = _object(message.get("properties"), "properties")
    return _track(message, sent, identity, " ".join(["Viewed", *words, what.capitalize()])[:LONGEST_ID], properties, at, workspace_id)


def _track(
    message: Fields, sent: int | None, identity: Identity, event: str, properties: dict[str, Any], at: int, workspace_id: int
) -> Track:
    if len(event) > LONGEST_ID:
        raise Refused("invalid_event", f"$.event must be at most {LONGEST_ID} characters long.")
    message_id = message.get("messageId")
    return Track(
        workspace_id=workspace_id,
        identity=identity,
        source=SOURCE,
        received_at=at,
        name=event,
        ts=event_time(message, sent, at),
        properties=properties,
        dedupe=f"segment:{message_id}" if message_id not in (None, "") else None,
        dedupe_ms=DEDUPE_MS,
    )


def _add_extras(
    message: Fields, batch: Fields, context: Fields, identity: Identity, at: int, workspace_id: int, commands: list[Command]
) -> None:
    """Consent preferences, and Vero tags that Segment's users send along. A `true` without notice text is recorded and permits nothing."""
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if isinstance(preferences, dict):
        for category, said in preferences.items():
            if isinstance(said, bool):
                commands.append(
                    Decide(
                        workspace_id=workspace_id,
                        identity=identity,
                        source=SOURCE,
                        received_at=at,
                        decision=Decision.GRANT if said else Decision.WITHDRAW,
                        purpose=category,
                        valid=not said,
                    )
                )
    integrations = message.get("integrations") or batch.get("integrations")
    vero = integrations.get("Vero") if isinstance(integrations, dict) else None
    tags = vero.get("tags") if isinstance(vero, dict) else None
    if isinstance(tags, dict) and isinstance(tags.get("values"), list):
        values = tuple(value for value in tags["values"] if isinstance(value, str) and value and len(value) <= LONGEST_ID)
        add, remove = ((), values) if tags.get("action") == "remove" else (values, ())
        commands.append(EditTags(workspace_id=workspace_id, identity=identity, source=SOURCE, received_at=at, add=add, remove=remove))
