"""The API against its own description, for things that exist: calls are invented, what they name is there. A file of its own, because both take long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.described import CHECKS, bounded, described, one_connection


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    with one_connection():
        yield


@described.parametrize()
@bounded
def test_the_same_holds_for_things_that_exist(alice: Any, case: Any) -> None:
    known = {**vars(alice), "person": alice.person_id, "number": 1, "version": 1, "source": f"campaign:{alice.campaign_id}"}
    known |= {"item_id": alice.kept_id, "notice_id": alice.told_id}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    case.call_and_validate(headers={"Authorization": f"Bearer {alice.api.key}"}, checks=CHECKS)
