"""A workspace whose people can be spoken about shortly."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def shop(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One workspace; what is told of memberships is kept in `news`."""
    from tests.segments.shop import Shop
    from troth.segments import membership

    found = Shop(workspace)
    monkeypatch.setattr(membership, "_reactions", [lambda changes, now: found.news.extend(changes)])
    return found
