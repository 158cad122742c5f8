"""The register of processors: who, where, for what, on which ground data reaches them, and since when they may be used.

A processor that is registered as in use is effective at once. A new one, or another place or transfer tool, is proposed: members with authority
are told, may object until the window ends, and only then it is effective (Art. 28(2)). One that nobody linked to a channel or webhook stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from troth.kernel.clock import DAY, iso
from troth.kernel.errors import TrothError
from troth.messages.configured import forget_routes
from troth.privacy.contested import is_way_contested
from troth.privacy.models import Processor
from troth.privacy.processors.history import keep_version
from troth.workspaces.models import Workspace

WINDOW_DAYS = 30
LONGEST_WINDOW = 365
TOOLS = ("none_needed", "adequacy", "scc_1", "scc_2", "scc_3", "scc_4", "bcr", "derogation")
"""Art. 44–49: inside the EEA none is needed; SCC are the modules of decision (EU) 2021/914."""
TEXTS = ("name", "address", "contact", "service", "data_categories", "location", "transfer_tool", "tia", "dpa")
FIELDS = (*TEXTS, "parent_id", "channels", "webhooks")
MATERIAL = ("name", "location", "transfer_tool", "parent_id")
"""What needs a notice and a window when it changes."""
MOST = 200
LONGEST = 2_000


class ProcessorInvalid(TrothError):
    """A processor that cannot be kept; the message begins with the field."""


class ProcessorUnknown(TrothError):
    """There is no such processor in this workspace."""


class State(StrEnum):
    """Where a processor is, told from its dates."""

    PROPOSED = "proposed"
    OBJECTED = "objected"
    EFFECTIVE = "effective"
    ENDED = "ended"


def state_of(own: Processor, now: int) -> State:
    """Pure: ended, objected to, not yet effective, or effective."""
    if own.ended_at is not None and own.ended_at <= now:
        return State.ENDED
    if own.objection:
        return State.OBJECTED
    return State.EFFECTIVE if own.effective_at <= now else State.PROPOSED


def list_processors(workspace_id: int) -> QuerySet[Processor]:
    """The register, in the order it was written."""
    return Processor.objects.filter(workspace_id=workspace_id).order_by("pk")


def list_used(workspace_id: int, now: int) -> list[Processor]:
    """Those that may be used, and those that are proposed."""
    return [own for own in list_processors(workspace_id) if state_of(own, now) is not State.ENDED]


def find_processor(workspace_id: int, processor_id: int) -> Processor:
    """One of them. Raises ProcessorUnknown."""
    found = list_processors(workspace_id).filter(pk=processor_id).first()
    if found is None:
        raise ProcessorUnknown("There is no such processor in this workspace.")
    return found


def register_processor(workspace_id: int, given: Mapping[str, Any], *, in_use: bool, window_days: int = WINDOW_DAYS, now: int) -> Processor:
    """Write one into the register: in use already, or proposed with a window in which members may object. Raises ProcessorInvalid."""
    own = Processor(workspace_id=workspace_id, created_at=now)
    if list_processors(workspace_id).count() >= MOST:
        raise ProcessorInvalid(f"$: at most {MOST} processors.")
    return _save(own, given, effective_at=now if in_use else now + _window(window_days), now=now)


def change_processor(own: Processor, given: Mapping[str, Any], *, window_days: int = WINDOW_DAYS, now: int) -> Processor:
    """Change an entry. Another company, place, transfer tool or chain is a new proposal: it is not effective before its window ends. Raises ProcessorInvalid."""
    is_material = any(name in given and given[name] != getattr(own, name) for name in MATERIAL)
    return _save(own, given, effective_at=now + _window(window_days) if is_material else own.effective_at, now=now)


def _window(days: int) -> int:
    if not 0 <= days <= LONGEST_WINDOW:
        raise ProcessorInvalid(f"$.window_days: from 0 to {LONGEST_WINDOW} days to object.")
    return days * DAY


def _save(own: Processor, given: Mapping[str, Any], *, effective_at: int, now: int) -> Processor:
    for name, value in given.items():
        if name not in FIELDS:
            raise ProcessorInvalid(f"$.{name}: the register has no such field.")
        setattr(own, name, value)
    for name in TEXTS:
        if len(getattr(own, name)) > LONGEST or "\0" in getattr(own, name):
            raise ProcessorInvalid(f"$.{name}: at most {LONGEST:,} characters.")
    if not own.name.strip():
        raise ProcessorInvalid("$.name: say who it is.")
    if own.transfer_tool not in ("", *TOOLS):
        raise ProcessorInvalid(f"$.transfer_tool: must be one of {', '.join(TOOLS)}.")
    if own.parent_id is not None and (own.parent_id == own.pk or not list_processors(own.workspace_id).filter(pk=own.parent_id).exists()):
        raise ProcessorInvalid("$.parent_id: there is no such processor above it in this workspace.")
    own.effective_at = effective_at
    is_new = own.pk is None
    with transaction.atomic():
        own.save()
        keep_version(own, "proposed" if effective_at > now else "registered" if is_new else "changed", now)
        if effective_at > now:
            own.notices.create(workspace_id=own.workspace_id, at=now, told=False)
    forget_routes()
    return own


def object_to(own: Processor, text: str, *, now: int) -> Processor:
    """Object to what was proposed: it is not effective until the objection is settled. Raises ProcessorInvalid once the window is over."""
    if state_of(own, now) is not State.PROPOSED:
        raise ProcessorInvalid("$.objection: there is no proposal that can be objected to: its window is over.")
    if not text.strip() or len(text) > LONGEST:
        raise ProcessorInvalid(f"$.objection: say why, in {LONGEST:,} characters at most.")
    own.objection = text.strip()
    with transaction.atomic():
        own.save(update_fields=["objection"])
        keep_version(own, "objected", now, own.objection)
    forget_routes()
    return own


def settle_objection(own: Processor, how: str, *, now: int) -> Processor:
    """The objection, if there is one, is settled, and how: the proposal goes on, effective when its window has ended. Both stay in the history. Raises ProcessorInvalid."""
    if not own.objection:
        return own
    if not how.strip() or len(how) > LONGEST:
        raise ProcessorInvalid(f"$.text: say how it was settled, in {LONGEST:,} characters at most.")
    own.objection = ""
    with transaction.atomic():
        own.save(update_fields=["objection"])
        keep_version(own, "settled", now, how.strip())
    forget_routes()
    return own


def end_processor(own: Processor, *, now: int) -> Processor:
    """It is used no more; the entry stays."""
    own.ended_at = now
    with transaction.atomic():
        own.save(update_fields=["ended_at"])
        keep_version(own, "ended", now)
    forget_routes()
    return own


def why_held(workspace_id: int, kind: str, own_id: int, now: int) -> str:
    """Why nothing may leave by a channel or webhook (`kind`: `channels` or `webhooks`); empty where neither a leaving, nor a contested instruction, nor a processor linked to it stands against it."""
    if Workspace.objects.filter(pk=workspace_id, leaves_at__isnull=False).exists():
        return "The workspace is to be deleted: nothing leaves any more."
    if is_way_contested(workspace_id, kind.removesuffix("s"), own_id):
        return "Its instruction is contested: nothing leaves by it until the controller confirms it."
    register = {own.pk: own for own in list_processors(workspace_id)}
    for linked in register.values():
        if own_id not in getattr(linked, kind):
            continue
        for own in _chain(linked, register):
            state = state_of(own, now)
            if state is not State.EFFECTIVE:
                when = f" before {iso(own.effective_at)[:10]}" if state is State.PROPOSED else ""
                return f"The processor {own.name} is {state.value} and may not be used{when}: the register of processors says why."
    return ""


def _chain(own: Processor, register: Mapping[int, Processor]) -> Iterator[Processor]:
    """An entry and, of a sub-processor, those above it: it acts for them, and only while they may be used (Art. 28(4))."""
    seen: set[int] = set()
    above: Processor | None = own
    while above is not None and above.pk not in seen:
        yield above
        seen.add(above.pk)
        above = register.get(above.parent_id or 0)


def plain_processor(own: Processor, now: int) -> dict[str, Any]:
    """An entry for JSON."""
    return {
        "id": own.pk,
        **{name: getattr(own, name) for name in FIELDS},
        "state": state_of(own, now).value,
        "effective_at": iso(own.effective_at),
        "ended_at": iso(own.ended_at) if own.ended_at else None,
        "objection": own.objection,
    }


def hold_channel(workspace_id: int, channel_id: int, now: int) -> str:
    """The gate of channels (`messages.configured.register_hold`)."""
    return why_held(workspace_id, "channels", channel_id, now)
