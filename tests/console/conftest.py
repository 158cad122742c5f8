"""What rooms of the console need beside a workspace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.console.mail_server import Kept


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Kept]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = Kept()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    settings.TROTH_EMAIL_URL = f"smtp://127.0.0.1:{port}"
    yield kept
    controller.stop()
