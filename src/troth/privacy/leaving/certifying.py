"""What the certificate of a leaving says: what was deleted, what a search found, what is kept and why, and what is not reached yet."""

from __future__ import annotations

from typing import Any

from troth.kernel.clock import iso
from troth.kernel.sql import is_sqlite
from troth.privacy.erasure.levels import Standing, state_levels
from troth.privacy.erasure.outcomes import shred_due
from troth.privacy.leaving.asking import STAYS
from troth.privacy.models.leaving import Leaving


def claims_of(own: Leaving, now: int) -> dict[str, Any]:
    """The claims, from what was written down on the way. No person and no member is named."""
    facts = own.facts
    begun_at = own.begun_at or now
    deleted_at = own.deleted_at or now
    compaction = facts.get("compaction", {})
    standing = Standing(
        deleted_at=deleted_at,
        searched_at=now if facts["search_passed"] else 0,
        searchable=facts["searched_for"],
        embedded=is_sqlite(),
        compacted_at=compaction.get("at", 0),
        lacks=compaction.get("lacks", {}),
        shred_due_at=(shred_due(facts["ledger_entries"][-1]) if is_sqlite() else None) or 0,
    )
    return {
        "type": "account deleted for good" if own.is_whole_account else "workspace deleted for good",
        "version": 1,
        "issuer": "troth",
        "leaving_id": str(own.pk),
        "account": facts["account"],
        "workspaces": facts["workspaces"],
        "asked_at": iso(own.asked_at),
        "asked_by": own.asked_by,
        "nobody_let_in_since": iso(begun_at),
        "deleted_at": iso(deleted_at),
        "issued_at": iso(now),
        "rows_deleted": own.records,
        "rows_left": 0,
        "members_deleted": own.members,
        "ledger_entries": facts["ledger_entries"],
        # The levels are those of persons; L6, who else got the data, is the controller's own duty (Art. 19) and theirs to tell.
        "levels": [level for level in state_levels(standing) if level["level"] in ("L1", "L2", "L3", "L4", "L5")],
        "searched_for": f"{facts['searched_for']} identifiers, drawn at random, and the addresses of members who were deleted",
        "search": facts["search"],
        "agreements_that_were_in_force": [
            {"agreement": one["agreement"], "version": one["version"], "accepted_at": iso(one["accepted_at"])}
            for one in facts["agreements"]
        ],
        "kept": [{"what": what, "why": why} for what, why in STAYS],
    }
