"""Every change of the register, kept in order: what controllers can follow by a machine, without being told by mail (Art. 28(2), EDPB Opinion 22/2024).

What is kept is what may be public: who, where, for what and on which ground; no contact person, no objection, and not where agreements lie.
"""

from __future__ import annotations

from typing import Any

from troth.kernel.clock import iso
from troth.privacy.models import Processor
from troth.privacy.models.processors import ProcessorVersion

PUBLIC = ("name", "address", "service", "data_categories", "location", "transfer_tool", "parent_id")
MOST = 500
"""Changes that a feed tells; the register itself tells all entries."""


def public_entry(own: Processor) -> dict[str, Any]:
    """What everybody may know of an entry."""
    return {
        "id": own.pk,
        **{name: getattr(own, name) for name in PUBLIC},
        "effective_at": iso(own.effective_at),
        "ended_at": iso(own.ended_at) if own.ended_at else None,
    }


def keep_version(own: Processor, what: str, now: int, note: str = "") -> None:
    """Append what the entry says now, in the transaction that changed it; nothing where nobody would see a difference. `note`: for members alone."""
    entry = public_entry(own)
    last = ProcessorVersion.objects.filter(workspace_id=own.workspace_id, processor_id=own.pk).order_by("-pk").first()
    if last is None or last.entry != entry or what in ("objected", "settled"):
        ProcessorVersion.objects.create(workspace_id=own.workspace_id, processor_id=own.pk, at=now, what=what, entry=entry, note=note)


def list_versions(own: Processor) -> list[ProcessorVersion]:
    """The changes of one entry, with their notes, the newest first."""
    return list(ProcessorVersion.objects.filter(workspace_id=own.workspace_id, processor_id=own.pk).order_by("-pk")[:MOST])


def list_changes(workspace_id: int) -> list[ProcessorVersion]:
    """The latest changes, the newest first."""
    return list(ProcessorVersion.objects.filter(workspace_id=workspace_id).order_by("-pk")[:MOST])
