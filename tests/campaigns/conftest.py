"""The post of one workspace, as for the messages, and a desk that writes newsletters to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.messages.conftest import post

__all__ = ["post"]


@pytest.fixture
def desk(post: Any) -> Any:
    """See `newsdesk.Desk`."""
    from tests.campaigns.newsdesk import Desk

    return Desk(post)
