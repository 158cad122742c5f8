"""The live segments of a workspace as changes are held against them: held for at most a second, so that the door asks no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from troth.consent.catalog import Catalog, load_catalog
from troth.consent.gate import CONSENT, Operation, permitted_where
from troth.kernel.clock import SECOND, now_ms
from troth.segments.clocks import TIME_ZONE, workspace_zone
from troth.segments.compiler import compile_sql
from troth.segments.decisions import expiries
from troth.segments.definition import find_wakes, is_timed, leaves
from troth.segments.kinds import Flip, Moment
from troth.segments.models import Segment
from troth.segments.purpose_checking import find_gates
from troth.segments.sql import NEVER, Sql, all_of

EVERYTHING_CHANGED = "*"
RESTRICTION = "consent:*"


@dataclass(frozen=True)
class Live:
    """A segment that is computed."""

    segment_id: int
    workspace_id: int
    version: int
    definition: dict[str, Any]
    purpose: str
    also_for: tuple[str, ...]
    wakes: frozenset[str]
    """Changes that may turn its conditions."""
    is_timed: bool

    def gates(self, catalog: Catalog) -> tuple[str, ...]:
        """The purposes of which the gate is asked; none: it reads what it may not, and nobody is in it."""
        return find_gates(self.definition, self.purpose, self.also_for, catalog)

    def all_wakes(self, catalog: Catalog) -> frozenset[str]:
        """The changes that may matter to it, whoever may be chosen and time included."""
        by_gate = {
            RESTRICTION,
            EVERYTHING_CHANGED,
            f"segment:{self.segment_id}",
            *(f"consent:{purpose}" for purpose in self.gates(catalog)),
        }
        return self.wakes | by_gate

    def permitted(self, moment: Moment) -> Sql:
        """Who may be in it at all, as a condition on a row `p` of people_person."""
        catalog = load_catalog(moment.workspace_id)
        gates = self.gates(catalog)
        if not gates:
            return NEVER
        found = [permitted_where(catalog.rule(purpose), Operation.PROFILE, at=moment.now) for purpose in gates]
        return all_of(Sql(text, tuple(values)) for text, values in found)

    def compile(self, moment: Moment) -> Sql:
        """Who is in it: permitted, and meets the conditions."""
        return all_of([self.permitted(moment), compile_sql(self.definition, moment)])

    def gate_flips(self, moment: Moment) -> list[Flip]:
        """When somebody must leave because a consent ends by itself."""
        catalog = load_catalog(moment.workspace_id)
        rules = [catalog.rule(purpose) for purpose in self.gates(catalog)]
        return [flip for rule in rules if rule and rule.basis == CONSENT for flip in expiries(rule.key, moment)]

    def may_change_by_time(self, catalog: Catalog) -> bool:
        """Whether timers may be needed for it."""
        rules = [catalog.rule(purpose) for purpose in self.gates(catalog)]
        return self.is_timed or any(rule is not None and rule.basis == CONSENT for rule in rules)

    def digest(self, catalog: Catalog) -> str:
        """A digest of the rules that decide who may be chosen, and of those that its conditions ask about; the workspace's zone is such a rule."""
        asked = {leaf["consent"] for leaf, _ in leaves(self.definition) if "consent" in leaf}
        rules = [catalog.rule(purpose) for purpose in (*self.gates(catalog), *sorted(asked))]
        clock = workspace_zone(self.workspace_id) if f"attribute:{TIME_ZONE}" in self.wakes else ""
        told = [
            rule
            and (
                rule.key,
                rule.basis,
                rule.is_marketing,
                rule.material_since,
                rule.changed_at,
                rule.archived,
                rule.imbalance,
                rule.soft_opt_in,
            )
            for rule in rules
        ]
        return hashlib.sha256(repr((told, clock)).encode()).hexdigest()


def make_live(segment: Segment) -> Live:
    """A segment as it is computed."""
    return Live(
        segment_id=segment.pk or 0,
        workspace_id=segment.workspace_id,
        version=segment.version,
        definition=segment.definition,
        purpose=segment.purpose,
        also_for=tuple(segment.also_for),
        wakes=find_wakes(segment.definition),
        is_timed=is_timed(segment.definition),
    )


class Held(NamedTuple):
    """The live segments of a workspace, and all that any of them reads."""

    segments: tuple[Live, ...] = ()
    wakes: frozenset[str] = frozenset()


_NONE = Held()
_held: dict[int, tuple[int, tuple[Any, ...], Held]] = {}


def load_live(workspace_id: int) -> Held:
    """The live segments of a workspace, at most a second old. What changed is asked first: building them costs more."""
    moment = now_ms()
    held = _held.get(workspace_id)
    if held and moment - held[0] < SECOND:
        return held[2]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), MAX(updated_at) FROM segments_segment WHERE workspace_id = %s AND archived = %s", [workspace_id, False]
        )
        stamp = tuple(cursor.fetchone())
    if held and held[1] == stamp:
        found = held[2]
    else:
        rows = Segment.objects.filter(workspace_id=workspace_id, archived=False).order_by("pk") if stamp[0] else ()
        segments = tuple(make_live(row) for row in rows)
        found = Held(segments, frozenset().union(*(live.wakes for live in segments))) if segments else _NONE
    _held[workspace_id] = (moment, stamp, found)
    return found


def forget_live() -> None:
    """Read the configuration anew at the next use (after a change in this process)."""
    _held.clear()
