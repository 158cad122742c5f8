"""From a definition to SQL over people: one meaning for all people and for those who changed. A property test holds it equal to `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.segments.definition import compile_tree, leaves
from troth.segments.kinds import Flip, Leaf, Moment, kind_of
from troth.segments.sql import ALWAYS, NEVER, Sql


def compile_where(definition: Mapping[str, Any], workspace_id: int, now: int) -> tuple[str, list[Any]]:
    """A checked definition as a condition on a row `p` of people_person, with its values. `now` in milliseconds; it is true or false, never NULL.

    Says nothing of who may be chosen at all: see `membership.members_where`.
    """
    found = compile_sql(definition, Moment(workspace_id, now))
    return found.text, list(found.values)


def compile_sql(definition: Mapping[str, Any], moment: Moment) -> Sql:
    """`compile_where`, as a piece of SQL."""
    return compile_tree(definition, lambda leaf, _: kind_of(leaf).compile(leaf, moment))


def compile_flips(definition: Mapping[str, Any], moment: Moment) -> list[Flip]:
    """When a person may enter or leave next by time alone, as scalar expressions over `p`."""
    return [flip for leaf, _ in leaves(definition) for flip in kind_of(leaf).flips(leaf, moment)]


def compile_supposed(definition: Mapping[str, Any], moment: Moment, best: bool) -> Sql:
    """Who might meet a definition at some time (`best`), or does so at any time."""

    def leaf_sql(leaf: Leaf, positive: bool) -> Sql:
        kind = kind_of(leaf)
        if kind.is_timed(leaf):
            return ALWAYS if positive is best else NEVER
        return kind.compile(leaf, moment)

    return compile_tree(definition, leaf_sql)
