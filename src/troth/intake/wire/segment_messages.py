"""The messages of a Segment request: decoded one by one, so that a bad one does not sink its batch.

Strict and typed first; only a message (or a body) that is not quite JSON takes the tolerant way, see `troth.intake.json_values`. Only what becomes a
command is decoded at all: `context.ip`, `context.location`, `context.page` and their like are never kept (Art. 5(1)(c) GDPR).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from troth.intake.json_values import ValueRefused, check_value, decode_tolerantly, has_clean_text, is_small, repair

LARGEST_MESSAGE = 4 * 1024 * 1024
MOST_MESSAGES = 10_000

_Kind = TypeVar("_Kind")

Object = dict[str, Any] | list[Any] | None
"""An object; PHP writes an empty one as a list."""
Id = str | int | float | None


class Context(msgspec.Struct):
    """The parts of `context` that are used."""

    traits: Object = None
    device: Any = None
    consent: Any = None


class Shared(msgspec.Struct):
    """What a batch says for all its messages, and every message for itself."""

    sentAt: Any = None  # noqa: N815 -- the names of the wire
    context: Context | list[Any] | None = None
    integrations: Any = None
    writeKey: Any = None  # noqa: N815


class Message(Shared):
    """One message."""

    type: Any = None
    userId: Id = None  # noqa: N815
    anonymousId: Id = None  # noqa: N815
    previousId: Id = None  # noqa: N815
    groupId: Id = None  # noqa: N815
    messageId: Id = None  # noqa: N815
    timestamp: Any = None
    originalTimestamp: Any = None  # noqa: N815
    event: Any = None
    name: Any = None
    category: Any = None
    properties: Object = None
    traits: Object = None


class Batch(Shared):
    """The body of `/v1/batch`; its messages are still text."""

    batch: list[msgspec.Raw] | None = None


class LooseBatch(Shared):
    """The same, read tolerantly."""

    batch: list[Any] | None = None


Body = Batch | LooseBatch | Message
Read = tuple[Message | None, ValueRefused | None, str | None, list[str]]
"""A message or why it is refused, its id as far as known, and what was repaired in it."""

IDENTIFYING = frozenset(
    {
        "$.userId",
        "$.anonymousId",
        "$.previousId",
        "$.messageId",
        "$.traits.email",
        "$.traits.phone",
        "$.context.traits.email",
        "$.context.traits.phone",
        "$.context.device.token",
    }
)
"""Where what tells people and messages apart stands."""
_NOTHING: list[str] = []
_batch_decoder = msgspec.json.Decoder(Batch)
_message_decoder = msgspec.json.Decoder(Message)
_CHECKED = tuple(name for name in Message.__struct_fields__ if name not in ("context", "integrations", "writeKey"))


def read_batch(body: bytes) -> Batch | LooseBatch:
    """The envelope of a batch. Raises ValueRefused when the request as a whole is unusable."""
    try:
        found: Batch | LooseBatch = _batch_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _explain(error, "invalid_batch") from None
    except RecursionError:
        raise ValueRefused("$", "the body nests too deeply", "invalid_json") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = _convert(_decode_loosely(body), LooseBatch, "invalid_batch")
    if found.batch is None:
        raise ValueRefused("$.batch", "must be a list of messages", "invalid_batch")
    if len(found.batch) > MOST_MESSAGES:
        raise ValueRefused("$.batch", f"must not have more than {MOST_MESSAGES} messages", "batch_too_long")
    if found.context or found.integrations:
        _check_shared(found)
    return found


def _check_shared(said: Shared) -> None:
    """What is said for all messages, or by one, must be fit to keep. Raises ValueRefused."""
    if said.integrations is not None:
        check_value(said.integrations, "$.integrations")
    if isinstance(said.context, Context):
        for name in Context.__struct_fields__:
            check_value(getattr(said.context, name), f"$.context.{name}")


def read_messages(batch: Batch | LooseBatch, body: bytes) -> Iterator[Read]:
    """The messages of a batch, in order."""
    clean = has_clean_text(body)
    for item in batch.batch or ():
        yield read_message(bytes(item), clean=clean) if type(item) is msgspec.Raw else _read_loose(item, [])


def read_message(raw: bytes, *, clean: bool) -> Read:
    """One message; its values are checked one by one unless the bytes prove that nothing can be wrong with them. Never raises."""
    if clean and is_small(raw):
        try:
            return _message_decoder.decode(raw), None, None, _NOTHING
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    if len(raw) > LARGEST_MESSAGE:
        return None, ValueRefused("$", f"the message is larger than {LARGEST_MESSAGE} bytes", "message_too_large"), None, []
    try:
        message = _message_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            return _read_loose(_decode_loosely(raw), [])
        except ValueRefused as error:
            return None, error, None, []
    return _check(message, [])


def _read_loose(value: Any, repaired: list[str]) -> Read:
    message_id = value.get("messageId") if isinstance(value, dict) else None
    told = message_id[:100].encode("ascii", "replace").decode() if isinstance(message_id, str) else None
    try:
        message = _convert(repair(value, "$", repaired), Message, "invalid_message")
        _refuse_repaired_ids(repaired)
    except ValueRefused as error:
        return None, error, told, []
    return _check(message, repaired)


def _refuse_repaired_ids(repaired: list[str]) -> None:
    """Two broken ids may look the same once repaired, and be two people's. Raises ValueRefused."""
    for note in repaired:
        path, _, what = note.partition(": ")
        if path in IDENTIFYING and "surrogate" in what:
            raise ValueRefused(path, "must not contain a lone surrogate", "invalid_identifier")


def id_of(message: Message) -> str | None:
    """The id by which an answer names a message."""
    return None if message.messageId is None else str(message.messageId)[:100]


def _check(message: Message, repaired: list[str]) -> Read:
    told = id_of(message)
    try:
        for name in _CHECKED:
            value = getattr(message, name)
            if value is not None:
                check_value(value, f"$.{name}")
        _check_shared(message)
    except ValueRefused as error:
        return None, error, told, []
    return message, None, told, repaired


def _decode_loosely(body: bytes) -> Any:
    try:
        return decode_tolerantly(body)
    except (ValueError, RecursionError):
        raise ValueRefused("$", "this is not valid JSON in UTF-8, or was cut", "invalid_json") from None


def _convert(value: Any, kind: type[_Kind], code: str) -> _Kind:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _explain(error, code) from None
    except UnicodeEncodeError:
        raise ValueRefused("$", "a lone surrogate stands where an object belongs", code) from None


def _explain(error: msgspec.ValidationError, code: str) -> ValueRefused:
    """The decoder's message names types and a path, never a value."""
    why, _, path = str(error).partition(" - at `")
    return ValueRefused(path.rstrip("`") or "$", why[:1].lower() + why[1:], code)
