"""From a person that a surface has at hand to the identity under which a command reaches exactly them.

Commands name people by identifiers, as every door does. A surface that already knows the person (a page behind a signed link, a control API that
addresses by Troth's own id) picks the identifier that leads to nobody else.
"""

from __future__ import annotations

import msgspec

from troth.intake.commands import Device, Identity
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.people.identifiers import ANONYMOUS_ID, DEVICE, EMAIL, EXTERNAL_ID, PHONE, Handle
from troth.people.queries import find_holders, load_identifiers

WEIGHT = (EXTERNAL_ID, ANONYMOUS_ID, EMAIL, PHONE, DEVICE)


class NotAddressable(TrothError):
    """A person who shares every identifier with somebody else, or has none left."""

    def __init__(self) -> None:
        super().__init__("This person shares every identifier with somebody else: give them an external id first.")


def identity_of(subject: Subject) -> Identity:
    """An identity that leads to this person and to nobody else. Raises NotAddressable."""
    handles = sorted(load_identifiers([subject.person_id]).get(subject.person_id, []), key=lambda handle: WEIGHT.index(handle.kind))
    holders = find_holders(handle.tag for handle in handles)
    for handle in handles:
        if holders.get(handle.tag) == [subject.person_id]:
            return _identity(handle)
    raise NotAddressable


def shared_identity_of(subject: Subject) -> Identity:
    """As `identity_of`, else an identity that leads to everybody who shares it: good enough to withdraw, never to grant. Raises NotAddressable."""
    try:
        return identity_of(subject)
    except NotAddressable:
        handles = load_identifiers([subject.person_id]).get(subject.person_id, [])
        if not handles:
            raise
        return _identity(min(handles, key=lambda handle: WEIGHT.index(handle.kind)))


def _identity(handle: Handle) -> Identity:
    if handle.kind == DEVICE:
        return Identity(devices=(Device(token=handle.value, platform=handle.detail),))
    return msgspec.structs.replace(Identity(), **{handle.kind: handle.value})
