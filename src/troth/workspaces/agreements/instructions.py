"""The register of instructions (Art. 28(3)(a) GDPR): each setting and each order to process that a member, or a key, gave, as the audit log has them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from troth.kernel.errors import TrothError
from troth.workspaces.models import AuditEntry

KINDS = (
    "api",
    "campaign",
    "channel",
    "collecting",
    "consent",
    "consent_source",
    "domain",
    "form",
    "hold",
    "inventory",
    "kept",
    "key",
    "letter",
    "limits",
    "look",
    "measuring",
    "newsletter",
    "notice",
    "person",
    "processor",
    "purpose",
    "record",
    "repermission",
    "request",
    "retention",
    "segment",
    "send_mode",
    "sending",
    "template",
    "topic",
    "webhook",
    "workspace",
)
"""What an act begins with that tells the processor what to process, why, and to whom it goes."""
LOOKS = (
    "campaign.previewed",
    "campaign.rehearsed",
    "template.previewed",
    "segment.members",
    "segment.sampled",
    "segment.why",
    "webhook.deliveries",
    "newsletter.previewed",
    "newsletter.rehearsed",
    "consent.list",
    "consent.read",
    "kept.opened",
    "person.read",
    "record.exported",
    "request.read",
    "request.evidence",
)
"""These change nothing."""


class InstructionUnknown(TrothError):
    """No such entry in the register."""

    def __init__(self) -> None:
        super().__init__("There is no such instruction in this workspace's register.")


def find_instruction(workspace_id: int, entry_id: int) -> AuditEntry:
    """One entry of the register. Reads all buckets, from the index on age. Raises InstructionUnknown."""
    found = _register(workspace_id).filter(entry_id=entry_id).first()
    if found is None:
        raise InstructionUnknown
    return found


def list_instructions(workspace_id: int, *, before: int | None = None, limit: int = 50) -> list[AuditEntry]:
    """The newest first, before an entry id. Reads all buckets, from the index on age."""
    entries = _register(workspace_id)
    if before is not None:
        entries = entries.filter(entry_id__lt=before)
    return list(entries.order_by("-entry_id")[:limit])


def _register(workspace_id: int) -> QuerySet[AuditEntry]:
    chosen = Q()
    for kind in KINDS:
        chosen |= Q(action__startswith=f"{kind}.")
    return AuditEntry.objects.filter(chosen, workspace_id=workspace_id).exclude(action__in=LOOKS)
