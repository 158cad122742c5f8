"""What the door says of persons: who is new, whose profile became another, who turned out to be one with somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from troth.kernel.bulletins import Bulletin
from troth.kernel.personal_data import Subject


class Created(NamedTuple):
    """A person whom nobody knew before."""

    subject: Subject


class Changed(NamedTuple):
    """A profile that became another one."""

    subject: Subject
    changes: Mapping[str, Any]
    """Attributes, address and number with their new values; None where one was removed."""
    added_tags: Sequence[str]
    removed_tags: Sequence[str]


class Merged(NamedTuple):
    """Two persons are one from now on."""

    subject: Subject
    merged_id: int
    """The person who is gone."""


persons: Bulletin[Created | Changed] = Bulletin()
merges: Bulletin[Merged] = Bulletin()
