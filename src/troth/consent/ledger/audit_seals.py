"""The audit log sealed into the ledger (row C11): every hour the entries since the last seal are hashed, chained to the seal before, and appended.

A seal covers what an entry says of an act: who, in which role, did what, when. About whom it was is not covered, for that is forgotten with the person
(Art. 17), nor the address, which goes with the member. Old entries expire; their seals stay, so that the chain from then to now still holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from django.db import transaction

from troth.consent.ledger.commitment import plain_value, seal_entry
from troth.consent.ledger.log import leaf_reader
from troth.consent.ledger.merkle import hash_leaf
from troth.consent.models import AuditSeal
from troth.kernel.clock import HOUR, MINUTE
from troth.kernel.json_text import canonical
from troth.workspaces.audit import expired_until, id_at
from troth.workspaces.models import AuditEntry, Workspace

SETTLED = 5 * MINUTE
"""An entry has its number before its transaction ends: only what is so old is sealed."""
AT_ONCE = 20
READ_AT_ONCE = 2_000


def seal_audit_logs(now: int) -> bool:
    """Worker duty: seal the log of each workspace that was not sealed in this hour, a few at a time; True when there may be more."""
    fresh = AuditSeal.objects.filter(sealed_at__gt=now - HOUR).values("workspace_id")
    due = list(Workspace.objects.exclude(pk__in=fresh).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    sealed = [seal_audit_log(workspace_id, now) for workspace_id in due]
    return any(sealed) and len(due) == AT_ONCE


def seal_audit_log(workspace_id: int, now: int) -> bool:
    """Seal what was written since the last seal; False when there is nothing. `now` in milliseconds."""
    with transaction.atomic():
        last = AuditSeal.objects.filter(workspace_id=workspace_id).order_by("-until").first()
        since, until = last.until if last else _oldest(workspace_id), id_at(now - SETTLED)
        digest, count = _digest(workspace_id, since, until, bytes(last.digest) if last else b"")
        if not count:
            return False
        AuditSeal.objects.get_or_create(
            workspace_id=workspace_id,
            until=until,
            defaults={"since": since, "number": count, "digest": digest, "sealed_at": now},
        )
    return True


def find_audit_faults(workspace_id: int, now: int) -> Iterator[str]:
    """Every seal that does not fit the entries it covers, or the ledger; none when nothing was changed, added or removed but by age.

    Reads all buckets, seal by seal, from the index on age. `now` in milliseconds: what is older than the workspace keeps it, or kept it
    when it expired, may be gone.
    """
    kept_since = expired_until(workspace_id, now)
    before, held = b"", leaf_reader(workspace_id)
    for seal in AuditSeal.objects.filter(workspace_id=workspace_id).order_by("until").iterator():
        expired = seal.since < kept_since
        digest, count = _digest(workspace_id, seal.since, seal.until, before)
        if not expired and (digest != bytes(seal.digest) or count != seal.number):
            yield f"the audit log up to entry {seal.until}: {seal.number} entries were sealed, and what stands there now is not they"
        elif expired and count > seal.number:
            yield f"the audit log up to entry {seal.until}: {count - seal.number} entries were added after it was sealed"
        if seal.leaf is not None and held(seal.leaf) != hash_leaf(seal_entry(bytes(seal.digest), seal.until, seal.number)):
            yield f"the seal of the audit log up to entry {seal.until} is not the one in the ledger's entry {seal.leaf}"
        before = bytes(seal.digest)


def _oldest(workspace_id: int) -> int:
    entries = AuditEntry.objects.filter(workspace_id=workspace_id).order_by("entry_id")
    return entries.values_list("entry_id", flat=True).first() or 0


def _digest(workspace_id: int, since: int, until: int, before: bytes) -> tuple[bytes, int]:
    """The chained hash of the entries from `since` to before `until`, and how many they are."""
    chain, count = sha256(before), 0
    entries = AuditEntry.objects.filter(workspace_id=workspace_id, entry_id__gte=since, entry_id__lt=until).order_by("entry_id")
    for entry in entries.iterator(chunk_size=READ_AT_ONCE):
        said = [entry.entry_id, entry.at, entry.user_id, entry.role, entry.action, plain_value(entry.detail)]
        chain.update(sha256(canonical(said)).digest())
        count += 1
    return chain.digest(), count
