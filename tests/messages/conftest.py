"""A workspace whose mail is kept here."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def post(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The post of one workspace, in the place of the installation's channel."""
    from tests.messages.posting import Post
    from troth.messages import sending

    post = Post(workspace)
    monkeypatch.setattr(sending, "_channel", lambda url: post)
    return post
