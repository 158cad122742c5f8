"""A request at a machine's door as the rows that Live shows: what was asked, what the door made of it, and what was left out of it, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from troth.consent.catalog import SERVICE, load_catalog
from troth.consent.suppression import find_suppressed, screening_tags, suppression_tags
from troth.intake.captures import REFUSED
from troth.intake.commands import ACCEPTED, DROPPED, Command, Decide, Delete, Identity, Outcome, Track
from troth.intake.screening import find_addresses
from troth.intake.wire.request import Reply, Request, Work
from troth.kernel.ids import bucket_of, new_row_ids
from troth.kernel.json_text import encode
from troth.people.event_names import fold_event_name
from troth.people.identifiers import EMAIL, EXTERNAL_ID

LARGEST = 16 * 1024
READ_AT_MOST = 4 * LARGEST
LONGEST_REASON = 500
LONGEST_NAME = 255
IGNORED = "ignored"
"""The outcome of a request that is acknowledged and changes nothing."""
REDACTED = "[redacted]"
_SECRET = re.compile(
    r"""(["']?\b(?:auth_token|tracking_api_key|writekey|write_key|api_key|access_token|authorization|password)["']?\s*[:=]\s*)"""
    r"""("(?:[^"\\]|\\.)*"?|'[^'\n]*'?|[^\s"'&,}]+)""",
    re.IGNORECASE | re.DOTALL,
)
_KINDS = ("external_id", "email", "phone", "anonymous_id")


class Arrival(NamedTuple):
    """A request, whose it is, how it was answered, and the generation of captures when it came in."""

    request: Request
    workspace_id: int
    generation: int
    token: str
    reply: Reply
    work: Work | None = None
    outcomes: Sequence[Outcome] = ()


def describe_arrival(arrival: Arrival, indices: Sequence[int]) -> list[tuple[Any, ...]]:
    """The captures of some of a request's messages, in the order of `captures.COLUMNS`."""
    work = arrival.work
    told = _read_reply(arrival.reply) if work is None else {}
    refused = {entry["index"]: entry for entry in work.refused} if work else {}
    ids = new_row_ids(len(indices))
    return [
        _row(arrival, capture_id, index, told if work is None else refused.get(index))
        for capture_id, index in zip(ids, indices, strict=True)
    ]


def _row(arrival: Arrival, capture_id: int, index: int, refusal: Mapping[str, Any] | None) -> tuple[Any, ...]:
    request, work = arrival.request, arrival.work
    commands, outcomes = ((), ()) if work is None else _share(work, arrival.outcomes, index)
    raw = _raw_of(request, work, index)
    hint = _peek(raw) if refusal else _Hint()
    is_withheld = _names_somebody_gone(arrival, raw, hint) if refusal else _is_to_be_withheld(commands, outcomes)
    if is_withheld:
        raw, hint = b"", _Hint()
    text, is_cut = make_presentable(raw, arrival.token)
    person_id = next((outcome.person_id for outcome in outcomes if outcome.person_id), 0)
    outcome, reason = _sum_up(outcomes, refusal)
    track = next((command for command in commands if isinstance(command, Track)), None)
    identifiers = {} if is_withheld else _identifiers(commands[0].identity) if commands else {}
    who = next(iter(identifiers.values()), "") or hint.who
    understood = {
        "request": _request_line(request, arrival.token, is_withheld),
        "part": index + 1,
        "parts": len(work.parts) if work else 0,
        "is_withheld": is_withheld,
        "commands": [_tell(command, made, is_withheld) for command, made in zip(commands, outcomes, strict=False)],
    }
    return (
        bucket_of(person_id),
        person_id,
        capture_id,
        arrival.workspace_id,
        request.received_at,
        "vero" if request.path.startswith("/api/") else "segment",
        (_kind_of(request, commands, hint))[:40],
        (_name_of(track, is_withheld) if track else hint.name)[:LONGEST_NAME],
        _clean(who)[:LONGEST_NAME],
        arrival.reply.status,
        outcome,
        _clean(reason)[:LONGEST_REASON],
        text,
        is_cut,
        encode(understood),
    )


def _is_to_be_withheld(commands: Sequence[Command], outcomes: Sequence[Outcome]) -> bool:
    """Whoever was erased, or refused, is not to be collected again: nothing of what was said about them is kept here either."""
    return any(outcome.status == DROPPED for outcome in outcomes) or any(isinstance(command, Delete) for command in commands)


def _names_somebody_gone(arrival: Arrival, raw: bytes, hint: _Hint) -> bool:
    """Whether a refused message, which nobody screened, holds an address of somebody erased, or is about them. Other values are not looked for."""
    text = f"{raw[:READ_AT_MOST].decode('utf-8', 'replace')}\n{arrival.request.query.decode('utf-8', 'replace')}"
    tags = [tag for address in find_addresses(text) for tag in suppression_tags(arrival.workspace_id, EMAIL, address)]
    tags += screening_tags(arrival.workspace_id, EXTERNAL_ID, hint.who) if hint.who else []
    return bool(tags) and bool(find_suppressed(tags))


def _name_of(command: Track, is_withheld: bool) -> str:
    """An event's name, unless it is withheld and names somebody itself."""
    name = fold_event_name(command.name)
    return "" if is_withheld and find_addresses(name) else _clean(name)


def _share(work: Work, outcomes: Sequence[Outcome], index: int) -> tuple[Sequence[Command], Sequence[Outcome]]:
    """The commands of one message, and what became of them."""
    if not work.parts:
        return work.commands, outcomes
    first, last = work.ends[index - 1] if index else 0, work.ends[index]
    return work.commands[first:last], outcomes[first:last]


def _raw_of(request: Request, work: Work | None, index: int) -> bytes:
    if work is None or not work.parts:
        return request.body
    part = work.parts[index]
    if isinstance(part, msgspec.Raw):
        return bytes(part)
    try:
        return msgspec.json.encode(part)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return b""


def make_presentable(raw: bytes, token: str) -> tuple[str, bool]:
    """A message as text without keys and passwords, at most 16 KiB, and whether it was cut. What is no text becomes a question mark."""
    text = raw[:READ_AT_MOST].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    if token:
        text = text.replace(token, REDACTED)
    text = _SECRET.sub(_redact, text)
    shown = text.encode()[:LARGEST].decode("utf-8", "ignore")
    return shown, len(raw) > READ_AT_MOST or len(shown) < len(text)


def _redact(found: re.Match[str]) -> str:
    return f'{found[1]}"{REDACTED}"' if found[2].startswith('"') else f"{found[1]}{REDACTED}"


def _request_line(request: Request, token: str, is_withheld: bool) -> str:
    query = "" if is_withheld else make_presentable(request.query[:2_000], token)[0]
    return _clean(f"{request.method} {request.path[:200]}{'?' + query if query else ''}")


def _kind_of(request: Request, commands: Sequence[Command], hint: _Hint) -> str:
    if request.path.startswith("/api/v2/"):
        return request.path.removeprefix("/api/v2/").strip("/").removesuffix(".json")
    if commands:
        return type(commands[0]).__name__.lower()
    return hint.kind or request.path.removeprefix("/v1/").strip("/")


def _sum_up(outcomes: Sequence[Outcome], refusal: Mapping[str, Any] | None) -> tuple[str, str]:
    """One outcome and its reason for the message as a whole."""
    if refusal is not None:
        return REFUSED, str(refusal.get("message", ""))
    if not outcomes:
        return IGNORED, ""
    worst = next((outcome for outcome in outcomes if outcome.status != ACCEPTED), outcomes[0])
    return worst.status, worst.reason or ("suppressed" if worst.status == DROPPED else "")


def _tell(command: Command, outcome: Outcome, is_withheld: bool) -> dict[str, Any]:
    """What the door made of one command."""
    told: dict[str, Any] = {"command": type(command).__name__.lower(), "outcome": outcome.status, "reason": outcome.reason}
    if not is_withheld:
        told["identifiers"] = list(_identifiers(command.identity))
    if isinstance(command, Track):
        told["name"] = _name_of(command, is_withheld)
        told["purpose"] = load_catalog(command.workspace_id).events.get(fold_event_name(command.name), SERVICE)
    elif isinstance(command, Decide):
        told["decision"] = str(command.decision)
        told["purpose"] = command.purpose or ""
    return told


def _identifiers(identity: Identity) -> dict[str, str]:
    found = {kind: value for kind in _KINDS if (value := getattr(identity, kind))}
    return {**found, "device": identity.devices[0].token} if identity.devices else found


class _Hint(msgspec.Struct):
    """What a refused message seems to be about."""

    kind: str = ""
    name: str = ""
    who: str = ""


def _peek(raw: bytes) -> _Hint:
    """Look into a refused message for what a developer would search it by; whatever is not there stays empty."""
    try:
        said = msgspec.json.decode(raw[:READ_AT_MOST])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Hint()
    if not isinstance(said, dict):
        return _Hint()
    identity = said["identity"] if isinstance(said.get("identity"), dict) else said
    return _Hint(
        kind=_text(said.get("type")),
        name=fold_event_name(_text(said.get("event")) or _text(said.get("event_name"))),
        who=next((found for name in ("userId", "id", "email", "anonymousId") if (found := _text(identity.get(name)))), ""),
    )


def _text(value: Any) -> str:
    return _clean(str(value)[:LONGEST_NAME]) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _clean(text: str) -> str:
    """Fit for both databases, whatever was sent."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _read_reply(reply: Reply) -> Mapping[str, Any]:
    told: Mapping[str, Any] = msgspec.json.decode(reply.body)
    return told
