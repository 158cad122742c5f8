"""What rooms of the console need beside a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.mail_server import Kept, run_mail_server


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept
