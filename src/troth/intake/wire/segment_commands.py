"""From a Segment message to commands.

identify and group are facts about the person; track, page and screen are events; alias joins two identities. Beside them a message can carry a
device, tags for Vero, and decisions: an opt-out is taken wherever it is found, an opt-in never permits anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.intake.commands import Alias, Command, Decide, Decision, Device, EditTags, Identify, Identity, Track
from troth.intake.json_values import ValueRefused
from troth.intake.times import parse_time
from troth.intake.wire.segment_messages import Context, Message, Shared
from troth.intake.wire.values import LONGEST_ID, is_email, is_international_number, read_device, read_id, read_object
from troth.kernel.clock import HOUR

SOURCE = "segment"
DEDUPE_MS = 48 * HOUR
TYPES = ("identify", "track", "page", "screen", "group", "alias")
UNSUBSCRIBE = "unsubscribe"
_NO_CONTEXT = Context()
_IDENTIFYING = frozenset({"id", "email", "phone"})


class Origin:
    """What all messages of one request share."""

    __slots__ = ("consent", "context", "integrations", "received_at", "sent_at", "workspace_id")

    def __init__(self, shared: Shared, received_at: int, workspace_id: int) -> None:
        self.context = _context_of(shared)
        self.integrations = shared.integrations
        self.sent_at = parse_time(shared.sentAt)
        self.received_at = received_at
        self.workspace_id = workspace_id


def _context_of(shared: Shared) -> Context:
    context = shared.context
    if isinstance(context, Context):
        return context
    if context:
        raise ValueRefused("$.context", "must be an object", "invalid_message")
    return _NO_CONTEXT


def add_commands(message: Message, kind: Any, origin: Origin, commands: list[Command]) -> None:
    """Append the commands of a message of type `kind`. Raises ValueRefused, then nothing was appended."""
    own = message.context
    context = origin.context if own is None else _merge(_context_of(message), origin.context)
    identity = _find_identity(message, kind, context)
    if kind == "track":
        event = message.event
        if not isinstance(event, str) or not event or event.isspace():
            raise ValueRefused("$.event", "is missing", "missing_event")
        if len(event) > LONGEST_ID:
            raise ValueRefused("$.event", "must be shorter than 255 characters", "invalid_event")
        commands.append(_track(message, event, identity, context, origin))
        if UNSUBSCRIBE in event.lower():
            commands.append(_decide(identity, origin, Decision.WITHDRAW))
    elif kind == "identify":
        attributes = _facts(_traits_of(message, context))
        commands.append(_identify(identity, attributes, origin))
    elif kind == "page" or kind == "screen":
        commands.append(_track(message, _name_view(message, kind), identity, context, origin))
    elif kind == "group":
        commands.append(_identify(identity, {"group": _read_group(message)}, origin))
    else:
        commands.append(_alias(message, identity, origin))
    if context.consent is not None:
        _add_decisions(context.consent, identity, origin, commands)
    if message.integrations or origin.integrations:
        _add_tags(message.integrations, origin, identity, commands)


def _merge(own: Context, shared: Context) -> Context:
    """The context of a message, over that of its batch."""
    if shared is _NO_CONTEXT:
        return own
    return Context(
        traits=shared.traits if own.traits is None else own.traits,
        device=shared.device if own.device is None else own.device,
        consent=shared.consent if own.consent is None else own.consent,
    )


def _find_identity(message: Message, kind: Any, context: Context) -> Identity:
    if kind not in TYPES:
        raise ValueRefused("$.type", f"must be one of {', '.join(TYPES)}", "unknown_type")
    user_id = read_id(message.userId, "$.userId")
    anonymous_id = None if message.anonymousId is None else read_id(message.anonymousId, "$.anonymousId")
    if user_id is None and (anonymous_id is None or kind == "alias"):
        raise ValueRefused("$.userId", "userId or anonymousId is missing", "missing_identifier")
    traits = _traits_of(message, context) if kind == "identify" else read_object(context.traits, "$.context.traits")
    if not traits and context.device is None:
        return Identity(external_id=user_id, anonymous_id=anonymous_id)
    email, phone = traits.get("email"), traits.get("phone")
    return Identity(
        external_id=user_id,
        anonymous_id=anonymous_id,
        email=email.strip() if isinstance(email, str) and is_email(email) else None,
        phone=phone if is_international_number(phone) else None,
        devices=_devices(context.device),
    )


def _devices(device: Any) -> tuple[Device, ...]:
    found = read_device(device.get("token"), device.get("type")) if isinstance(device, dict) else None
    return (found,) if found else ()


def _traits_of(message: Message, context: Context) -> dict[str, Any]:
    """`traits`, else `context.traits`, where alone RudderStack's Python library puts them."""
    if message.traits:
        return read_object(message.traits, "$.traits")
    return read_object(context.traits, "$.context.traits")


def _facts(traits: dict[str, Any]) -> dict[str, Any]:
    """Traits without what became an identifier, which is kept once. An address or number that can be none stays a fact."""
    if _IDENTIFYING.isdisjoint(traits):
        return traits
    return {name: value for name, value in traits.items() if name not in _IDENTIFYING or _stays(name, value)}


def _stays(name: str, value: Any) -> bool:
    if name == "id" or value is None:
        return False
    return not (is_email(value) if name == "email" else is_international_number(value))


def _identify(identity: Identity, attributes: dict[str, Any], origin: Origin) -> Identify:
    return Identify(
        workspace_id=origin.workspace_id, identity=identity, source=SOURCE, received_at=origin.received_at, attributes=attributes
    )


def _track(message: Message, name: str, identity: Identity, context: Context, origin: Origin) -> Track:
    properties, message_id = message.properties, message.messageId
    return Track(
        workspace_id=origin.workspace_id,
        identity=identity,
        source=SOURCE,
        received_at=origin.received_at,
        name=name,
        ts=_find_time(message, origin),
        properties=properties if type(properties) is dict else read_object(properties, "$.properties"),
        attributes=_facts(read_object(context.traits, "$.context.traits")) if context.traits else {},
        dedupe=None if message_id is None or message_id == "" else f"segment:{message_id}",
        dedupe_ms=DEDUPE_MS,
    )


def _find_time(message: Message, origin: Origin) -> int:
    """When it happened: what the client's clock said, corrected by that clock's error, and never in the future.

    `timestamp` is what the caller passed and counts more than `originalTimestamp`, the moment of the call. A time that is none is passed over.
    """
    at = origin.received_at
    sent = origin.sent_at if message.sentAt is None else parse_time(message.sentAt)
    told = parse_time(message.timestamp)
    if told is None and message.originalTimestamp is not None:
        told = parse_time(message.originalTimestamp)
    if told is None:
        return at
    return min(at, told if sent is None else at - sent + told)


def _name_view(message: Message, kind: str) -> str:
    """Page and screen are events, named as Segment and RudderStack translate them for Vero: `Viewed [category ][name ]Page`."""
    words = [word for word in (message.category, message.name) if isinstance(word, str) and word]
    return " ".join(["Viewed", *words, kind.capitalize()])[:LONGEST_ID]


def _read_group(message: Message) -> dict[str, Any]:
    group_id = read_id(message.groupId, "$.groupId")
    if group_id is None:
        raise ValueRefused("$.groupId", "is missing", "missing_identifier")
    return {**read_object(message.traits, "$.traits"), "id": group_id}


def _alias(message: Message, identity: Identity, origin: Origin) -> Alias:
    """The previous id may be a user's or an anonymous one; nothing on the wire tells which."""
    previous_id = read_id(message.previousId, "$.previousId")
    if previous_id is None:
        raise ValueRefused("$.previousId", "is missing", "missing_identifier")
    previous = Identity(external_id=previous_id, anonymous_id=previous_id)
    return Alias(workspace_id=origin.workspace_id, identity=identity, previous=previous, source=SOURCE, received_at=origin.received_at)


def _decide(identity: Identity, origin: Origin, decision: Decision, purpose: str | None = None, method: str = "api") -> Decide:
    """A bare grant permits nothing, unless the workspace declared its own preference page a source of decisions (Art. 7(1) GDPR)."""
    return Decide(
        workspace_id=origin.workspace_id,
        identity=identity,
        source=SOURCE,
        received_at=origin.received_at,
        decision=decision,
        purpose=purpose,
        method=method,
    )


def _add_decisions(consent: Any, identity: Identity, origin: Origin, commands: list[Command]) -> None:
    """The categories a visitor allowed and refused. An empty object refuses all, as Segment reads it."""
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if not isinstance(preferences, dict):
        return
    if not preferences:
        commands.append(_decide(identity, origin, Decision.WITHDRAW, method="context"))
    for category, said in preferences.items():
        if isinstance(said, bool):
            commands.append(_decide(identity, origin, Decision.GRANT if said else Decision.WITHDRAW, category, "context"))


def _add_tags(own: Any, origin: Origin, identity: Identity, commands: list[Command]) -> None:
    """Tags that travel along: Segment's `{action, values}`, RudderStack's `{add, remove}`."""
    tags = _find_tags(own)
    if tags is None:
        tags = _find_tags(origin.integrations)
    if not isinstance(tags, Mapping):
        return
    values = _names(tags.get("values"))
    add, remove = ((), values) if tags.get("action") == "remove" else (values, ())
    add, remove = add + _names(tags.get("add")), remove + _names(tags.get("remove"))
    if add or remove:
        commands.append(
            EditTags(
                workspace_id=origin.workspace_id, identity=identity, source=SOURCE, received_at=origin.received_at, add=add, remove=remove
            )
        )


def _find_tags(integrations: Any) -> Any:
    if not isinstance(integrations, Mapping):
        return None
    options = integrations.get("Vero") or integrations.get("vero")
    return options.get("tags") if isinstance(options, Mapping) else None


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(name for name in value if isinstance(name, str) and name and len(name) <= LONGEST_ID))
