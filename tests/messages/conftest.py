"""A workspace whose mail is kept here."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def post(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The post of one workspace, in the place of the installation's channel."""
    from tests.messages.posting import Post
    from troth.messages import configured

    post = Post(workspace)
    monkeypatch.setattr(configured, "installation_channel", lambda url: post)
    return post
