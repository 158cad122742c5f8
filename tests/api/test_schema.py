"""The API against its own description: schemathesis invents calls, and every answer must be a declared one."""

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
def test_whatever_is_sent_the_answer_is_a_declared_one(alice: Any, case: Any) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {alice.api.key}"}, checks=CHECKS)


def test_every_test_has_a_name_of_its_own_so_that_none_is_left_out_where_tests_are_shared_out(request: pytest.FixtureRequest) -> None:
    names = [item.nodeid for item in request.session.items]
    assert len(names) == len(set(names))


def test_each_shape_has_a_name_of_its_own_for_the_description_tells_shapes_apart_by_name() -> None:
    import re
    from collections import Counter
    from pathlib import Path

    import troth.api

    folder = Path(troth.api.__file__).parent
    names = Counter(
        name for path in folder.glob("*.py") for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert [name for name, times in names.items() if times > 1] == []
