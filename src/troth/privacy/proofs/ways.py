"""The ways that made-up persons go: each package says how somebody comes through what it does, and registers it.

`PREPARE` comes before they are known, `ARRIVE` is the door. What arrived is folded, computed and sent; `KNOWN` follows, which is folded and sent as well, and
`AFTER` that, of which some has to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from django.utils.module_loading import import_string

from troth.kernel.personal_data import Subject
from troth.privacy.proofs.persons import MadeUp

log = structlog.get_logger()
PREPARE, ARRIVE, KNOWN, AFTER = "prepare", "arrive", "known", "after"
SEEN_AFTER_S = 1.5
"""What a way made new is known to other processes within a second."""


@dataclass
class Walk:
    """Two persons on their way. `now` in milliseconds."""

    workspace_id: int
    people: Sequence[MadeUp]
    now: int
    subjects: list[Subject] = field(default_factory=list)
    """Who they are here, in the same order; empty until they have arrived."""

    @property
    def pairs(self) -> list[tuple[MadeUp, Subject]]:
        """Each with who they are here."""
        return list(zip(self.people, self.subjects, strict=True))


Way = Callable[[Walk], None]
_ways: dict[str, tuple[str, str]] = {}


def register_way(name: str, where: str, *, stage: str) -> None:
    """Have made-up persons go the way that stands at `where` (dotted), a function of the walk. It must leave nothing to the outside."""
    _ways[name] = (stage, where)


def go(walk: Walk, stage: str) -> tuple[list[str], list[str]]:
    """Go all ways of a stage: which were gone, and which failed. One that fails does not end the others."""
    gone, failed = [], []
    for name, (own, where) in list(_ways.items()):
        if own != stage:
            continue
        try:
            way: Way = import_string(where)
            way(walk)
        except Exception as error:  # noqa: BLE001 -- a way that cannot be gone is a finding of the proof
            log.error("proof_way_failed", way=name, error=type(error).__name__)
            failed.append(name)
        else:
            gone.append(name)
    return gone, failed
