"""Where a message goes: the addresses of its person for its medium."""

from __future__ import annotations

from troth.messages.channels.port import Medium
from troth.messages.preparing import Prepared
from troth.people.identifiers import DEVICE, EMAIL, PHONE

KIND_OF = {Medium.EMAIL: EMAIL, Medium.SMS: PHONE, Medium.PUSH: DEVICE}
"""The identifiers that a medium reaches; a webhook goes to one place for all."""


def addresses_of(prepared: Prepared) -> list[tuple[str, str]]:
    """Address and platform of each; a person may have several devices."""
    if prepared.claim.channel == Medium.WEBHOOK:
        return [("", "")]
    kind = KIND_OF[Medium(prepared.claim.channel)]
    return [(handle.value, handle.detail) for handle in prepared.handles if handle.kind == kind]
