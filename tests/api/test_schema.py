"""The API against its own description: schemathesis invents calls, and every answer must be a declared one."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

described = schemathesis.openapi.from_wsgi("/api/troth/v1/openapi.json", WSGIHandler())
CHECKS = [schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
bounded = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@described.parametrize()
@bounded
def test_whatever_is_sent_the_answer_is_a_declared_one(alice: Any, case: Any) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {alice.api.key}"}, checks=CHECKS)


@described.parametrize()
@bounded
def test_the_same_holds_for_things_that_exist(alice: Any, case: Any) -> None:
    known = {**vars(alice), "person": alice.person_id, "number": 1, "version": 1, "source": f"campaign:{alice.campaign_id}"}
    known |= {"item_id": alice.kept_id, "notice_id": alice.told_id}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
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
