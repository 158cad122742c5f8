"""The post of one workspace, as for the messages."""

from __future__ import annotations

from tests.messages.conftest import post

__all__ = ["post"]
