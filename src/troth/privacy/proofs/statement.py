"""What a proof came to: whether it passed, why not, and the claims that are signed. Pure; nobody's data is in it, nor a made-up value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from troth.kernel.clock import iso
from troth.privacy.models.proofs import ProofState

BLIND_SPOTS = (
    "what other programs keep: the journal of the service manager, the logs of a proxy, the memory of processes",
    "the data directories of other machines, where Troth runs on several",
    "what providers and recipients got: nothing of made-up persons is handed to them",
)
POSTGRESQL = "on PostgreSQL the database's own files, which lie outside Troth: rows were searched by SQL, not dead rows, write-ahead log and planner statistics"


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof saw. `erased`, `control` and `before` (the control of the proof before, erased since): where a value is kept → whether it was found."""

    erased: Mapping[str, bool]
    control: Mapping[str, bool]
    before: Mapping[str, bool] = {}
    found_in: Sequence[Mapping[str, Any]] = ()
    """Where values of the erased were found."""
    unread: Sequence[Mapping[str, Any]] = ()
    files: int
    bytes_read: int
    took_ms: int
    log_was_emptied: bool = True
    late_accepted: Sequence[str] = ()
    """By which identifiers the erased could come back."""
    gone: Sequence[str] = ()
    """Ways that both went."""
    not_gone: Sequence[str] = ()
    stores: Sequence[str] = ()
    """Declared stores that held something of both."""
    empty_stores: Sequence[str] = ()
    records: Mapping[str, int] = {}
    """Of the erased, deleted by store."""
    blind_spots: Sequence[str] = ()
    is_embedded: bool = True


def find_reasons(seen: Looked) -> list[str]:
    """Why a proof did not pass; empty: it did."""
    reasons = []
    if left := [name for name, found in seen.erased.items() if found]:
        reasons.append(f"the erased person was found: {', '.join(left)}")
    if left := [name for name, found in seen.before.items() if found]:
        reasons.append(f"the control of the proof before, erased since, was found: {', '.join(left)}")
    if missed := [name for name, found in seen.control.items() if not found]:
        reasons.append(f"the search did not find the control, so it proves nothing: {', '.join(missed)}")
    if seen.late_accepted:
        reasons.append(f"the erased person could come back: {', '.join(seen.late_accepted)}")
    if seen.unread:
        reasons.append(f"{len(seen.unread)} files could not be read to their end")
    if not seen.log_was_emptied:
        reasons.append("a reader kept the write-ahead log from being emptied")
    if seen.not_gone:
        reasons.append(f"ways that could not be gone: {', '.join(seen.not_gone)}")
    if seen.empty_stores:
        reasons.append(f"stores of personal data in which nothing of them was: {', '.join(seen.empty_stores)}")
    return reasons


def make_claims(seen: Looked, reasons: Sequence[str], *, run_id: str, begun_at: int, now: int) -> dict[str, Any]:
    """What is signed."""
    return {
        "type": "canary",
        "version": 1,
        "issuer": "troth",
        "run_id": run_id,
        "state": str(ProofState.FAILED if reasons else ProofState.PASSED),
        "reasons": list(reasons),
        "begun_at": iso(begun_at),
        "issued_at": iso(now),
        "database": "SQLite" if seen.is_embedded else "PostgreSQL",
        "erased": {"values_searched_for": sorted(seen.erased), "found": sorted(name for name, found in seen.erased.items() if found)},
        "control": {"values_searched_for": sorted(seen.control), "found": sorted(name for name, found in seen.control.items() if found)},
        "control_before": {"values_searched_for": len(seen.before), "found": sorted(name for name, found in seen.before.items() if found)},
        "suppressed": {"dropped_at_the_door": not seen.late_accepted},
        "ways": list(seen.gone),
        "stores_reached": list(seen.stores),
        "stores_not_reached": list(seen.empty_stores),
        "records_deleted": dict(seen.records),
        "search": {
            "files": seen.files,
            "bytes": seen.bytes_read,
            "took_ms": seen.took_ms,
            "found_in": [dict(one) for one in seen.found_in],
            "not_readable": [dict(one) for one in seen.unread],
        },
        "blind_spots": [*seen.blind_spots, *BLIND_SPOTS, *([] if seen.is_embedded else [POSTGRESQL])],
    }
