"""From a person that a surface has at hand to the identity under which a command reaches exactly them.

Doors of machines name people by identifiers. A surface that already knows the person (the console, a page behind a signed link, a control API that
addresses by Troth's own id) names them by that id, which no other person shares and which nobody is created for.
"""

from __future__ import annotations

from collections.abc import Sequence

from troth.intake.commands import Device, Identity
from troth.kernel.personal_data import Subject
from troth.people.identifiers import ANONYMOUS_ID, DEVICE, EMAIL, EXTERNAL_ID, PHONE, Handle


def identity_of(subject: Subject) -> Identity:
    """The identity that leads to this person and to nobody else, whatever identifiers they have or share."""
    return Identity(person_id=subject.person_id)


def identity_from(handles: Sequence[Handle]) -> Identity:
    """Identifiers as an identity, e.g. those to remove from a person; at most one of each kind beside devices."""
    values = {handle.kind: handle.value for handle in handles if handle.kind != DEVICE}
    return Identity(
        external_id=values.get(EXTERNAL_ID),
        anonymous_id=values.get(ANONYMOUS_ID),
        email=values.get(EMAIL),
        phone=values.get(PHONE),
        devices=tuple(Device(token=handle.value, platform=handle.detail) for handle in handles if handle.kind == DEVICE),
    )
