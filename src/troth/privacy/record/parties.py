"""Who is answerable: the controller with its contacts, and in the role of a processor each controller; what Art. 30 asks for and no other setting says."""

from __future__ import annotations

from typing import Any

import msgspec

from troth.kernel.errors import TrothError
from troth.privacy.models import RecordSetting
from troth.workspaces.models import Workspace

LONGEST = 4_000
MOST = 200


class PartiesInvalid(TrothError):
    """Something that cannot be kept; the message begins with the field."""


class OtherController(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A controller on whose behalf a processor acts (Art. 30(2)(a), (b))."""

    name: str
    contact: str = ""
    dpo: str = ""
    categories: str = ""
    """Of processing that is carried out for it."""


class Parties(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the record says beside what can be derived. Texts are written as they stand in the record."""

    role: str = "controller"
    """`controller`, or `processor`: then the record of Art. 30(2) is kept."""
    name: str = ""
    """Empty: the workspace's."""
    address: str = ""
    contact: str = ""
    """Empty: whom the workspace names for requests of persons."""
    joint_controllers: str = ""
    """Art. 26; empty: none."""
    representative: str = ""
    """In the Union (Art. 27); empty: none is needed."""
    dpo: str = ""
    """Name and contact of the data protection officer."""
    dpo_not_needed: bool = False
    """It was looked at, and none has to be designated (Art. 37)."""
    dpo_assessment: str = ""
    """What was found when it was looked at whether one has to be designated."""
    people: list[str] = []
    """Categories of data subjects."""
    measures: str = ""
    """Technical and organisational measures (Art. 32(1)), beside those that the system itself tells."""
    controllers: list[OtherController] = []


TEXTS = ("name", "address", "contact", "joint_controllers", "representative", "dpo", "dpo_assessment", "measures")


def read_parties(workspace_id: int) -> Parties:
    """What was said so far."""
    row = RecordSetting.objects.filter(workspace_id=workspace_id).first()
    name, contact, processes_for = Workspace.objects.values_list("name", "privacy_contact", "processes_for").get(pk=workspace_id)
    held = msgspec.convert(row.parties, Parties) if row else Parties(role="processor" if processes_for else "controller")
    if processes_for and not held.controllers:
        held = msgspec.structs.replace(held, controllers=[OtherController(name=processes_for)])
    return msgspec.structs.replace(held, name=held.name or name, contact=held.contact or contact)


def save_parties(workspace_id: int, given: dict[str, Any], *, now: int) -> Parties:
    """Keep what was said; fields that are not given stay. Raises PartiesInvalid."""
    row = RecordSetting.objects.filter(workspace_id=workspace_id).first()
    try:
        made = msgspec.convert({**(row.parties if row else {}), **given}, Parties)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise PartiesInvalid(f"{path.rstrip('`') or '$'}: {message}.") from None
    if made.role not in ("controller", "processor"):
        raise PartiesInvalid("$.role: must be controller or processor.")
    for name in TEXTS:
        if len(getattr(made, name)) > LONGEST or "\0" in getattr(made, name):
            raise PartiesInvalid(f"$.{name}: at most {LONGEST:,} characters.")
    if len(made.people) > MOST or len(made.controllers) > MOST:
        raise PartiesInvalid(f"$.people: at most {MOST} kinds of people, and as many controllers.")
    if not all(one.name.strip() for one in made.controllers):
        raise PartiesInvalid("$.controllers: each controller has a name.")
    RecordSetting.objects.update_or_create(workspace_id=workspace_id, defaults={"parties": msgspec.to_builtins(made), "changed_at": now})
    return read_parties(workspace_id)
