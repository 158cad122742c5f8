"""A workspace with a desk, and a server on this machine to which its webhooks lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.http_server import Provider, run_provider


@pytest.fixture
def receiver() -> Iterator[Provider]:
    with run_provider() as provider:
        yield provider


@pytest.fixture
def desk(workspace: Any, receiver: Provider, settings: Any) -> Iterator[Any]:
    from tests.webhooks.desk import Desk
    from troth.kernel.clock import now_ms
    from troth.webhooks.courier import courier

    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    yield Desk(workspace, receiver)
    courier.wait(10)
    courier.deliver_due(now_ms())
