"""The API against its own description: schemathesis invents calls, and every answer must be a declared one."""

from __future__ import annotations

from typing import Any

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
    known = {
        "person": alice.person_id,
        "message_id": alice.message_id,
        "request_id": alice.request_id,
        "campaign_id": alice.campaign_id,
        "segment_id": alice.segment_id,
        "newsletter_id": alice.newsletter_id,
        "breach_id": alice.breach_id,
        "number": 1,
    }
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    case.call_and_validate(headers={"Authorization": f"Bearer {alice.api.key}"}, checks=CHECKS)
