"""Suppression at the door: nothing about an erased person is taken in, whatever the wire format.

Only identifiers that nobody holds can be suppressed (erasing a person removes the look-up of those that become suppressed), so known persons cost
nothing here. Addresses inside attributes and properties are looked up too. An error while reading suppressions reaches the caller: fail closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from troth.consent.suppression import find_suppressed, suppression_tags
from troth.intake.commands import Command, Delete, Identify, Track
from troth.intake.plan import Plan
from troth.kernel.json_text import encode
from troth.people.identifiers import EMAIL, Handle, normalise_email

_ADDRESS = re.compile(r"[^\s\"'<>()\[\],;:\\]+@[^\s\"'<>()\[\],;:\\/?]+\.[^\s\"'<>()\[\],;:\\/?]+")
MAX_ADDRESSES = 50


def find_suppressed_commands(plan: Plan, commands: Sequence[Command], handles: Sequence[list[Handle]]) -> set[int]:
    """The indexes of commands that carry a suppressed identifier. Deletions pass: erasing twice is harmless."""
    tags_of: dict[int, list[bytes]] = {}
    for index, (command, own) in enumerate(zip(commands, handles, strict=True)):
        tags = [tag for h in own if not plan.holders.get(h.tag) for tag in suppression_tags(command.workspace_id, h.kind, h.value)]
        tags += _embedded_tags(command)
        if tags and not isinstance(command, Delete):
            tags_of[index] = tags
    if not tags_of:
        return set()
    suppressed = find_suppressed({tag for tags in tags_of.values() for tag in tags})
    return {index for index, tags in tags_of.items() if not suppressed.isdisjoint(tags)} if suppressed else set()


def _embedded_tags(command: Command) -> list[bytes]:
    """Suppression tags of addresses that stand in the values of a command and belong to nobody known."""
    values: list[dict[str, Any]] = []
    if isinstance(command, Track):
        values = [command.properties, command.attributes]
    elif isinstance(command, Identify):
        values = [command.attributes]
    tags: list[bytes] = []
    for value in values:
        if not value:
            continue
        text = encode(value)
        if "@" not in text:
            continue
        for address in _ADDRESS.findall(text)[:MAX_ADDRESSES]:
            tags += suppression_tags(command.workspace_id, EMAIL, normalise_email(address))
    return tags

