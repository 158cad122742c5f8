"""A mail server that keeps what it is given."""

from __future__ import annotations

from typing import Any


class Kept:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"
