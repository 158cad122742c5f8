"""Made-up persons: everything that Troth can be told of somebody, each a random value of its own, so that one found tells where it was kept."""

from __future__ import annotations

import secrets

import msgspec

from troth.intake.commands import Device, Identity

IDENTIFIERS = ("external_id", "anonymous_id", "email", "phone", "device")
WORDS = (
    *("attribute", "tag", "event", "evidence", "form", "link", "diagnostic", "waiting", "short"),
    *("letter", "corrected", "remark", "request"),
)
"""What was said about them, by where."""


class MadeUp(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is nobody. `values`: by where each is kept."""

    values: dict[str, str]

    @property
    def identity(self) -> Identity:
        """By everything but what a browser knows them by, which joins them later."""
        own = self.values
        return Identity(
            external_id=own["external_id"],
            email=own["email"],
            phone=own["phone"],
            devices=(Device(token=own["device"], platform="ios"),),
        )

    @property
    def browser(self) -> Identity:
        """As the browser of a known person."""
        return Identity(external_id=self.values["external_id"], anonymous_id=self.values["anonymous_id"])


def make_up() -> MadeUp:
    """Somebody new. The address ends in `.invalid`, where no mail can go (RFC 2606)."""
    values = {name: f"proof-{name.replace('_', '-')}-{secrets.token_hex(10)}" for name in (*IDENTIFIERS, *WORDS)}
    values["email"] = f"proof.{secrets.token_hex(10)}@canary.invalid"
    values["phone"] = f"+4932{100_000_000 + secrets.randbelow(900_000_000)}"
    return MadeUp(values=values)
