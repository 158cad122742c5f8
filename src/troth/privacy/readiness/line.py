"""A line of the list that a company goes through before it goes live."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One question. `is_fine` None: not to be judged here, but to be known; `place`: of the page that mends it, below the workspace; empty: none does."""

    key: str
    is_fine: bool | None
    says: str
    place: str
