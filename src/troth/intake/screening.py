"""Suppression at the door: nothing about an erased person is taken in, whatever the wire format.

Only identifiers that nobody holds can be suppressed (erasing a person removes the look-up of those that become suppressed), so known persons cost
nothing here. Addresses inside attributes and properties are looked up too. An error while reading suppressions reaches the caller: fail closed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from troth.consent.suppression import find_suppressed, screening_tags, suppression_tags
from troth.intake.commands import CLAIMS, Command, Decide, Delete, EditTags, Track
from troth.intake.plan import Plan
from troth.kernel.json_text import encode
from troth.people.identifiers import EMAIL, Handle, make_handle, normalise_email
from troth.people.queries import find_holders

_BEFORE = re.compile(r"[^\s\"'<>()\[\]{},;:\\|`*@]+\Z")
_AFTER = re.compile(r"[^\s\"'<>()\[\]{},;:\\/?#&|=!`*@]+")
_INNER = re.compile(r"[=/?&#!]")
"""Legal before the @ of an address, but far more often the sign after which one begins, as in a URL."""
_CONTROL = re.compile(r"\\(?:[bfnrt]|u00[01][0-9a-fA-F])")
"""A line end or the like, as JSON writes it."""
LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
LONGEST_DOMAIN = 255  # RFC 5321, 4.5.3.1.2


def find_suppressed_commands(plan: Plan, commands: Sequence[Command], handles: Sequence[list[Handle]], texts: Sequence[str]) -> set[int]:
    """The indexes of commands that carry a suppressed identifier, in their identity or in their `texts` (values as JSON).

    Deletions pass, for erasing twice is harmless; what a withdrawal says in evidence is no reason to ignore it.
    """
    tags_of: dict[int, list[bytes]] = {}
    addresses_of: dict[int, set[str]] = {}
    holders = plan.holders
    for index, (command, own, text) in enumerate(zip(commands, handles, texts, strict=True)):
        if isinstance(command, Delete):
            continue
        tags = [tag for h in own if not holders.get(h.tag) for tag in screening_tags(command.workspace_id, h.kind, h.value)]
        if tags:
            tags_of[index] = tags
        said = _all_said(command, text)
        if said and (addresses := find_addresses(said)):
            addresses_of[index] = addresses
    if addresses_of:
        _add_embedded(tags_of, addresses_of, commands)
    if not tags_of:
        return set()
    suppressed = find_suppressed({tag for tags in tags_of.values() for tag in tags})
    return {index for index, tags in tags_of.items() if not suppressed.isdisjoint(tags)} if suppressed else set()


def _all_said(command: Command, text: str) -> str:
    """Everything a command says beside who it is about; `text` holds the values that were encoded before."""
    if isinstance(command, Track):
        said = f"{command.name}\n{text}"
        return said + encode(command.attributes) if command.attributes else said
    if isinstance(command, EditTags):
        return "\n".join(command.add)
    if isinstance(command, Decide) and command.decision in CLAIMS and command.evidence:
        return encode(command.evidence)
    return text


def _add_embedded(tags_of: dict[int, list[bytes]], addresses_of: dict[int, set[str]], commands: Sequence[Command]) -> None:
    """Add the tags of addresses that stand in texts, except those that somebody living has."""
    wanted = {(commands[index].workspace_id, address) for index, addresses in addresses_of.items() for address in addresses}
    tags = {key: handle.tag for key in wanted if (handle := make_handle(key[0], EMAIL, key[1]))}
    held = find_holders(tags.values())
    for index, addresses in addresses_of.items():
        workspace_id = commands[index].workspace_id
        for address in addresses:
            if tags.get((workspace_id, address)) not in held:
                tags_of.setdefault(index, []).extend(suppression_tags(workspace_id, EMAIL, address))


def find_addresses(text: str) -> set[str]:
    """The e-mail addresses that stand in a JSON text, normalised; also percent-encoded and full-width ones. Linear in the text's length."""
    if not text.isascii() and ("\uff20" in text or "\ufe6b" in text or "@" in text):
        text = unicodedata.normalize("NFKC", text)
    if "\\" in text:
        text = _CONTROL.sub(" ", text)
    if "%40" in text:
        text = unquote(text, errors="ignore")
    found: set[str] = set()
    at = text.find("@")
    while at >= 0:
        after = _AFTER.match(text, at + 1, at + 1 + LONGEST_DOMAIN)
        # Looking back a fixed length only keeps a long text without spaces from being read again for every @.
        before = _BEFORE.search(text[max(0, at - LONGEST_LOCAL) : at]) if after and "." in after[0] else None
        if after and before:
            domain = after[0].rstrip(".")
            for local in {before[0], _INNER.split(before[0])[-1]}:
                if local:
                    found.add(normalise_email(f"{local}@{domain}"))
        at = text.find("@", at + 1)
    return found
