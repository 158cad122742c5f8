"""What a wire format gets and what it gives back: a request in plain values, and either an answer or work for the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from troth.intake.commands import Command, Outcome


class Request(msgspec.Struct, frozen=True):
    """An HTTP request, its body decompressed. `received_at` in milliseconds."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    received_at: int


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer; the body is JSON."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Work(msgspec.Struct, frozen=True):
    """Commands for the door, and how to answer once they are durable."""

    commands: Sequence[Command]
    answer: Callable[[Sequence[Outcome]], Reply]
    parts: Sequence[Any] = ()
    """The messages of a batch as they came, as raw JSON or already decoded; empty: the body is the one message."""
    ends: Sequence[int] = ()
    """For each message, how many commands there are up to its end."""
    refused: Sequence[Mapping[str, Any]] = ()
    """Messages of the batch that were refused: their `index`, `code` and `message`."""


class Key(Protocol):
    """What a presented key may do."""

    @property
    def workspace_id(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def scopes(self) -> frozenset[str]: ...


Keyring = Callable[[str], Key | None]
