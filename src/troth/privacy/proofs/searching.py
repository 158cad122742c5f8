"""The search of a proof: every byte kept, in a process of its own; and on PostgreSQL the rows, for its files lie elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from troth.kernel.sql import is_sqlite
from troth.privacy.searching.mentions import find_mentions
from troth.privacy.searching.residue import relative, search_bytes
from troth.privacy.storage.apart import Progress


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `groups`: for each of the groups asked for, whether each of its values was."""

    groups: list[dict[str, bool]]
    found_in: list[dict[str, Any]]
    """Where, of all groups but the second, the control's."""
    unread: list[dict[str, Any]]
    files: int
    bytes_read: int
    took_ms: int
    blind_spots: Sequence[str]


CONTROL = 1


def search_for(groups: Sequence[Mapping[str, str]], buckets: Sequence[int], progress: Progress | None) -> Search:
    """Look for groups of values: of the erased, of the control, and of the control before. The caller has emptied the log."""
    begun = time.monotonic()
    named = [(group, name, value) for group, values in enumerate(groups) for name, value in values.items()]
    report = search_bytes([value for _, _, value in named], progress)
    found = {hit.value_index for hit in report.hits}
    found_in = [
        {"file": relative(hit.file), "encoding": hit.encoding, "count": hit.count, "value": named[hit.value_index][1]}
        for hit in report.hits
        if named[hit.value_index][0] != CONTROL
    ]
    if not is_sqlite():
        for index, (group, name, value) in enumerate(named):
            rows = find_mentions([value], buckets)
            if rows:
                found.add(index)
            if group != CONTROL:
                found_in += [{"rows": column, "count": number, "value": name} for column, number in rows.items()]
    return Search(
        groups=[{name: index in found for index, (own, name, _) in enumerate(named) if own == group} for group in range(len(groups))],
        found_in=found_in[:20],
        unread=[{"file": relative(item.file), "reason": item.reason} for item in report.unreadable if item.holds_bytes][:20],
        files=report.files,
        bytes_read=report.bytes_read,
        took_ms=round((time.monotonic() - begun) * 1000),
        blind_spots=report.blind_spots,
    )
