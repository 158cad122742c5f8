"""What makes messages tells here what it has to say about them when they are due: its own limits, and whether they are still wanted.

A source is named `KIND:ID`; the package that makes messages of a kind registers it, so this package knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from troth.messages.decisions import Decision
from troth.messages.limits import OwnLimits
from troth.messages.queue import Claim

Sent = tuple[str, int, int]
"""Of a message: its source, its occurrence and its template."""


@dataclass(frozen=True)
class Described:
    """What people call what made a message."""

    name: str
    trigger_event: str = ""
    variation: str | None = None
    """Which of several mails that are tried against each other."""


def _nameless(asked: Iterable[Sent]) -> Mapping[Sent, Described]:
    return {}


@dataclass(frozen=True)
class SourceKind:
    """The questions, each asked about many messages at once and answered by message."""

    find_limits: Callable[[Sequence[Claim]], Mapping[int, OwnLimits]]
    look_again: Callable[[Sequence[Claim], int], Mapping[int, Decision]]
    """Decisions against handing over now what was right when it was queued."""
    describe: Callable[[Iterable[Sent]], Mapping[Sent, Described]] = _nameless


_kinds: dict[str, SourceKind] = {}


def register_source(kind: str, asked: SourceKind) -> None:
    """Have messages whose source begins with `kind:` asked about."""
    _kinds[kind] = asked


def find_own_limits(claims: Sequence[Claim]) -> dict[int, OwnLimits]:
    """The limits that sources put on their own messages; messages without are absent."""
    return {
        message: own for kind, asked in _kinds.items() if (some := _of(kind, claims)) for message, own in asked.find_limits(some).items()
    }


def look_again(claims: Sequence[Claim], now: int) -> dict[int, Decision]:
    """What sources say against their messages, by message."""
    return {
        message: said
        for kind, asked in _kinds.items()
        if (some := _of(kind, claims))
        for message, said in asked.look_again(some, now).items()
    }


def describe(asked: Iterable[Sent]) -> dict[Sent, Described]:
    """What people call the sources of messages; those that nobody knows any more are absent."""
    wanted = set(asked)
    return {
        sent: told
        for kind, known in _kinds.items()
        if (some := [sent for sent in wanted if sent[0].startswith(f"{kind}:")])
        for sent, told in known.describe(some).items()
    }


def _of(kind: str, claims: Iterable[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.source.startswith(f"{kind}:")]
