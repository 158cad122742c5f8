"""Suppression at the door: nothing about an erased person is taken in, whatever the wire format.

Only identifiers that nobody holds can be suppressed (erasing a person removes the look-up of those that become suppressed), so known persons cost
nothing here. Addresses inside attributes and properties are looked up too. An error while reading suppressions reaches the caller: fail closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from troth.consent.suppression import find_suppressed, screening_tags, suppression_tags
from troth.intake.commands import Command, Delete, Track
from troth.intake.plan import Plan
from troth.kernel.json_text import encode
from troth.people.identifiers import EMAIL, Handle, normalise_email

_ADDRESS = re.compile(r"[^\s\"'<>()\[\],;:\\]+@[^\s\"'<>()\[\],;:\\/?]+\.[^\s\"'<>()\[\],;:\\/?]+")
MAX_ADDRESSES = 50


def find_suppressed_commands(plan: Plan, commands: Sequence[Command], handles: Sequence[list[Handle]], texts: Sequence[str]) -> set[int]:
    """The indexes of commands that carry a suppressed identifier, in their identity or in their `texts` (values as JSON). Deletions pass: erasing twice is harmless."""
    tags_of: dict[int, list[bytes]] = {}
    holders = plan.holders
    for index, (command, own, text) in enumerate(zip(commands, handles, texts, strict=True)):
        tags = [tag for h in own if not holders.get(h.tag) for tag in screening_tags(command.workspace_id, h.kind, h.value)]
        said = text + encode(command.attributes) if isinstance(command, Track) and command.attributes else text
        if "@" in said:
            tags += _embedded_tags(command.workspace_id, said)
        if tags and not isinstance(command, Delete):
            tags_of[index] = tags
    if not tags_of:
        return set()
    suppressed = find_suppressed({tag for tags in tags_of.values() for tag in tags})
    return {index for index, tags in tags_of.items() if not suppressed.isdisjoint(tags)} if suppressed else set()


def _embedded_tags(workspace_id: int, text: str) -> list[bytes]:
    """Suppression tags of the addresses that stand in a text."""
    found = dict.fromkeys(normalise_email(address) for address in _ADDRESS.findall(text)[:MAX_ADDRESSES])
    return [tag for address in found for tag in suppression_tags(workspace_id, EMAIL, address)]
