"""Who a command is about: from the identity as received to a person, by the rules of the workspace.

External id first, then anonymous id, e-mail, phone, device. Two persons with one e-mail address stay two unless the workspace matches on e-mail.
"""

from __future__ import annotations

from troth.intake.commands import Command, Identity
from troth.intake.plan import Plan
from troth.people.identifiers import ANONYMOUS_ID, DEVICE, EMAIL, EXTERNAL_ID, KINDS, PHONE, Handle, make_handle

VERO = "vero"


Memo = dict[tuple[int, str, str], Handle | None]


def handles_of(workspace_id: int, identity: Identity, source: str, memo: Memo) -> list[Handle]:
    """The identifiers of an identity, normalised and hashed, in the order of their weight. `memo` spares a batch hashing one value twice."""
    external = identity.external_id
    if source == VERO and external is None and identity.anonymous_id is None:
        # Vero: "with only an email, email will be used as the id".
        external = identity.email
    found = []
    for kind, value in (
        (EXTERNAL_ID, external),
        (ANONYMOUS_ID, identity.anonymous_id),
        (EMAIL, identity.email),
        (PHONE, identity.phone),
    ):
        if not value:
            continue
        key = (workspace_id, kind, value)
        if key not in memo:
            memo[key] = make_handle(workspace_id, kind, value)
        handle = memo[key]
        if handle is not None:
            found.append(handle)
    for device in identity.devices:
        handle = make_handle(workspace_id, DEVICE, device.token, device.platform)
        if handle is not None:
            found.append(handle)
    return found


def find_known(plan: Plan, command: Command, handles: list[Handle], *, match_on_email: bool) -> int | None:
    """The person an identity leads to, or None. Troth's own id decides alone; so does an external id, unless the workspace matches on e-mail."""
    named = command.identity.person_id
    if named is not None:
        return named if plan.is_here(command.workspace_id, named) else None
    deciding: tuple[str, ...] = KINDS
    if command.identity.external_id is not None:
        deciding = (EXTERNAL_ID, EMAIL) if match_on_email else (EXTERNAL_ID,)
    for handle in handles:
        held_by = plan.holders.get(handle.tag)
        if held_by and handle.kind in deciding:
            return held_by[0]
    return None


def find_all_known(plan: Plan, workspace_id: int, identity: Identity, handles: list[Handle]) -> list[int]:
    """Everybody the strongest known identifier leads to: an opt-out by address counts for each person who has it.

    An address that serves as the external id too (Vero) is still the address of others.
    """
    if identity.person_id is not None:
        return [identity.person_id] if plan.is_here(workspace_id, identity.person_id) else []
    strongest = next((handle for handle in handles if plan.holders.get(handle.tag)), None)
    if strongest is None:
        return []
    leading = [strongest]
    if strongest.kind == EXTERNAL_ID and identity.external_id is None:
        leading += [handle for handle in handles if handle.kind == EMAIL]
    return [*dict.fromkeys(person_id for handle in leading for person_id in plan.holders.get(handle.tag, ()))]
