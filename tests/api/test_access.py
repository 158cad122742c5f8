"""Keys, scopes and tenancy. The operations are read from the OpenAPI description, so a new one cannot be forgotten."""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from typing import Any

import pytest

from tests.rows import take_rows

PREFIX = "/api/troth/v1"
BODIES: dict[str, Any] = {
    "PATCH /people/{person}": {"attributes": {"planted": "by a stranger"}, "identifiers": {"email": "stranger@example.com"}},
    "POST /consents": {"decisions": []},
    "POST /consents/import": b"email,purpose,decision\n",
    "POST /people/{person}/consents": {"purpose": "marketing_email", "decision": "grant", "notice": "News by e-mail?"},
    "POST /people/{person}/restriction": {"reason": "contested"},
    "POST /people/{person}/requests": {"type": "access"},
    "PUT /letters/letter": {"kind": "received", "language": "en", "subject": "s", "text": "Planted by a stranger"},
    "POST /letters/preview": {"kind": "received", "language": "en", "subject": "s", "text": "{due}"},
    "POST /requests": {"type": "access", "address": "nobody@example.com"},
    "POST /requests/{request_id}/person": {"told": {"email": "nobody@example.com"}},
    "POST /requests/{request_id}/identity": {"means": "login"},
    "POST /requests/{request_id}/steps": {"step": "note", "text": "planted by a stranger"},
    "POST /requests/steps": {"requests": ["00000000-0000-4000-8000-000000000000"], "step": "note"},
    "POST /suppressions/check": {"value": "dana@example.com"},
    "POST /campaigns": {"name": "n", "trigger_event": "e", "purpose": "service", "subject": "s", "html": "<p>h</p>"},
    "POST /purposes": {"key": "visits", "name": "Plan visits"},
    "POST /notices": {"key": "visits", "title": "Plan visits"},
    "PUT /notices/{notice_key}/drafts": {"language": "fr", "text": ""},
    "PATCH /consent-setting": {"imbalance": False},
    "PUT /consent-setting/source": {
        "notice": "news-of-alice",
        "version": 1,
        "language": "en",
        "url": "https://alice.example.com/mail",
        "instruction": "Alice's page has an empty box.",
    },
    "POST /repermissions": {
        "purpose": "marketing_email",
        "notice": "news-of-alice",
        "ground": "service",
        "subject": "s",
        "html": "<p>{{ ask_url }}</p>",
    },
    "POST /forms": {"title": "Sign up", "notice": "every-tenant-has-one"},
    "PUT /forms/{form_id}": {"title": "Sign up", "notice": "every-tenant-has-one"},
    "POST /channels": {"adapter": "http_sms", "settings": {"url": "https://sms.example.com/out"}},
    "POST /domains": {"domain": "planted.example"},
    "PUT /domains/{domain_id}": {"signs": True},
    "PUT /return-mailbox": {"host": "127.0.0.1", "user": "u", "password": "p"},
    "POST /webhooks": {"url": "https://crm.example.com/", "types": ["sent"], "purpose": "service"},
    "PUT /readiness/impact/declared": {"declared": []},
    "POST /readiness/impact": {"text": "Planted by a stranger", "name": "N", "function": "F"},
    "POST /reports/funnels": {"name": "Cart to purchase", "steps": [{"event": "seen"}, {"event": "bought"}]},
    "PUT /reports/funnels/{funnel_id}": {"name": "Planted by a stranger", "steps": [{"event": "seen"}, {"event": "bought"}]},
    "POST /reports/funnel": {"steps": [{"event": "seen"}, {"event": "bought"}]},
    "POST /contested-instructions": {"entry": "1", "reason": "Planted by a stranger"},
    "POST /contested-instructions/{contest_id}/answer": {"outcome": "confirmed", "said": "Planted by a stranger"},
    "POST /breaches": {"title": "A list went astray"},
    "PATCH /breaches/{breach_id}": {"title": "Planted by a stranger"},
    "POST /breaches/{breach_id}/decision": {"tell": True},
    "POST /breaches/{breach_id}/told": {"whom": "authority"},
    "PATCH /webhooks/{webhook_id}": {"name": "Planted by a stranger"},
    "POST /stopped-addresses/find": {"address": "nobody@example.com"},
    "POST /stopped-addresses/lift": {"address": "nobody@example.com", "reason": "asked"},
    "POST /topics": {"key": "offers", "name": {"en": "Offers"}, "purpose": "marketing_email"},
    "POST /segments": {"name": "Visitors", "definition": {"event": "seen", "op": "did"}},
    "POST /segments/preview": {"definition": {"event": "seen", "op": "did"}},
    "PATCH /segments/{segment_id}": {"name": "Planted by a stranger"},
    "PUT /topics/{topic_key}": {"name": {"en": "Planted by a stranger"}},
    "POST /newsletters": {"name": "n", "purpose": "service", "variants": [{"key": "A", "subject": "s", "html": "<p>h</p>"}]},
    "PUT /sending/hold": {"minutes": 5},
    "PATCH /newsletters/{newsletter_id}": {"name": "Planted by a stranger"},
    "POST /newsletters/{newsletter_id}/test": {"to": "owner@example.com"},
    "POST /campaigns/{campaign_id}/test": {"to": "owner@example.com"},
    "POST /newsletters/{newsletter_id}/runs/{number}/winner": {"winner": "B"},
    "POST /templates": {"kind": "email", "key": "offers", "parts": {"en": {"subject": "s", "body": "<p>h</p>"}}},
    "PUT /inventory/category": {"kind": "attribute", "name": "plan", "category": "profile"},
    "POST /minimisation/stop": {"kind": "attribute", "name": "hat"},
    "POST /minimisation/resume": {"kind": "attribute", "name": "shoe"},
    "POST /minimisation/clear": {"kind": "attribute", "name": "shoe"},
    "PATCH /record/parties": {"contact": "hello@alice.example"},
    "POST /retention/rules": {"title": "Plans", "target": "attribute", "name": "plan", "trigger": "age", "period": "P9Y"},
    "PATCH /retention/rules/{rule_id}": {"title": "Planted by a stranger"},
    "POST /retention/holds": {"ground": "a claim", "until": "2999-01-01T00:00:00Z"},
    "POST /processors": {"name": "Mailer"},
    "POST /leaving": {"confirm": "not its name"},
    "POST /takeaways/{takeaway_id}/handover": {"recipient": "Stranger", "target": {"url": "https://127.0.0.1:1/"}},
    "POST /people/{person}/handover": {"recipient": "Stranger", "target": {"url": "https://127.0.0.1:1/"}},
    "PUT /processors/{processor_id}/way": {"way": "mail", "address": "dpo@stranger.example"},
    "POST /recipients/{notice_id}/answer": {"answer": "done", "means": "mail"},
    "PATCH /processors/{processor_id}": {"name": "Planted by a stranger"},
    "POST /processors/{processor_id}/object": {"text": "Planted by a stranger"},
    "POST /processors/{processor_id}/settle": {"text": "Planted by a stranger"},
    "PUT /purposes/assignments": {"kind": "event", "name": "seen", "purpose": "service"},
}


@cache
def described() -> dict[str, Any]:
    """What the OpenAPI description says of each path; to write it takes a second."""
    from troth.api.control import control_api

    return {
        path if path.startswith("/") else f"/{path}": methods
        for path, methods in control_api.get_openapi_schema(path_prefix="")["paths"].items()
    }


def operations() -> list[tuple[str, str, str]]:
    """Every operation as (method, path template, scope)."""
    return sorted(
        (method.upper(), path, operation["x-scope"]) for path, methods in described().items() for method, operation in methods.items()
    )


OPERATIONS = operations()
NAMED = [operation for operation in OPERATIONS if "{" in operation[1]]


def ids(operation: tuple[str, str, str]) -> str:
    return f"{operation[0]} {operation[1]}"


def places_of(tenant: Any) -> dict[str, list[str]]:
    """For each path parameter, everything of a tenant that it could name."""
    return {
        "person": [tenant.person_id, tenant.external_id, tenant.email, f"person:{tenant.person_id}", f"email:{tenant.email}"],
        "message_id": [tenant.message_id],
        "request_id": [tenant.request_id],
        "campaign_id": [str(tenant.campaign_id)],
        "purpose_key": [tenant.purpose_key],
        "notice_key": [tenant.notice_key],
        "text_hash": [tenant.text_hash],
        "form_id": [tenant.form_id],
        "topic_key": [tenant.topic_key],
        "channel_id": [str(tenant.channel_id)],
        "domain_id": [str(tenant.domain_id)],
        "webhook_id": [str(tenant.webhook_id)],
        "breach_id": [str(tenant.breach_id)],
        "contest_id": [str(tenant.contest_id)],
        "rule_id": [str(tenant.rule_id)],
        "hold_id": [tenant.hold_id],
        "item_id": [tenant.kept_id],
        "processor_id": [str(tenant.processor_id)],
        "notice_id": [tenant.told_id],
        "takeaway_id": [tenant.takeaway_id],
        "handover_id": [str(tenant.handover_id)],
        "repermission_id": [str(tenant.repermission_id)],
        "template_key": [tenant.template_key],
        "segment_id": [str(tenant.segment_id)],
        "newsletter_id": [str(tenant.newsletter_id)],
        "source": [f"campaign:{tenant.campaign_id}"],
        "funnel_id": [str(tenant.funnel_id)],
    }


def fill(path: str, place: str) -> str:
    return re.sub(r"\{.*?\}", place, path)


def paths_into(tenant: Any, path: str) -> list[str]:
    path = path.replace("{record_id}", tenant.record_id).replace("{version}", "1").replace("{number}", "1")
    path = path.replace("/members/{person}", f"/members/{tenant.person_id}")
    names = re.findall(r"\{(.*?)\}", path)
    assert len(names) == 1, f"teach places_of about {path}"
    told = "?told=true" if path.endswith("/restriction") else ""  # it is lifted only after the person was told
    return [fill(path, place) + told for place in places_of(tenant)[names[0]]]


def body_of(method: str, path: str) -> Any:
    return BODIES.get(f"{method} {path}", {} if method in ("POST", "PUT", "PATCH") else None)


def is_let_in(answer: Any, method: str, path: str) -> bool:
    """Whether the door was open, even if what is behind cannot be done as things stand: the tenants' campaign was published, so it stays, their
    asking is a draft, which cannot be stopped, their newsletter is under way, no mail leaves here, their request waits for a confirmation by somebody without an address,
    of their breach nobody was told, the file of what they take away is not written yet, nobody deletes a workspace without its name, and the instruction is none."""
    if (method, path) == ("POST", "/leaving"):
        return bool(answer.status_code == 400 and answer.json()["code"] == "leaving_refused")
    if (method, path) == ("POST", "/contested-instructions"):
        return bool(answer.status_code == 404)
    as_it_stands = {
        ("DELETE", "/campaigns/{campaign_id}"),
        ("POST", "/repermissions/{repermission_id}/stop"),
        ("PATCH", "/newsletters/{newsletter_id}"),
        ("DELETE", "/newsletters/{newsletter_id}"),
        ("POST", "/newsletters/{newsletter_id}/versions/{version}/restore"),
        ("POST", "/newsletters/{newsletter_id}/start"),
        ("POST", "/newsletters/{newsletter_id}/test"),
        ("POST", "/campaigns/{campaign_id}/test"),
        ("POST", "/newsletters/{newsletter_id}/resume"),
        ("POST", "/breaches/{breach_id}/close"),
        ("GET", "/takeaways/{takeaway_id}/file"),
        ("POST", "/recipients/{notice_id}/again"),
        ("POST", "/requests/{request_id}/code"),
        ("POST", "/requests/{request_id}/identity"),
        ("POST", "/requests/{request_id}/person"),
    }
    return answer.status_code < 300 or (answer.status_code == 409 and (method, path) in as_it_stands)


@pytest.mark.parametrize("operation", NAMED, ids=ids)
def test_ids_of_another_workspace_are_not_found_and_nothing_there_changes(
    alice: Any, charlie: Any, operation: tuple[str, str, str]
) -> None:
    method, path, _ = operation
    before = take_rows()
    for target in paths_into(charlie, path):
        answer = alice.api(method, target, body_of(method, path))
        assert answer.status_code == 404, (target, answer.content)
        assert answer.json()["code"] == "not_found"
    assert take_rows() == before


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if "{" not in op[1]], ids=ids)
def test_lists_show_nothing_of_another_workspace(alice: Any, charlie: Any, operation: tuple[str, str, str]) -> None:
    method, path, _ = operation
    answer = alice.api(method, path, body_of(method, path)).content.decode()
    for mine in (charlie.person_id, charlie.external_id, charlie.email, charlie.message_id, charlie.request_id):
        assert mine not in answer
    answer = alice.api("GET", f"/people?identifier={charlie.email}").json()
    assert answer["items"] == []


@pytest.mark.parametrize("operation", NAMED, ids=ids)
def test_the_same_ids_are_found_by_their_own_workspace(charlie: Any, operation: tuple[str, str, str]) -> None:
    method, path, _ = operation
    for target in paths_into(charlie, path)[:1]:
        assert is_let_in(charlie.api(method, target, body_of(method, path)), method, path)


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_a_key_can_do_what_its_scope_says_and_nothing_else(alice: Any, operation: tuple[str, str, str]) -> None:
    from troth.workspaces.keys import SCOPES, create_key

    method, path, scope = operation
    target = paths_into(alice, path)[0] if "{" in path else path
    keys = {
        "every other scope": create_key(alice.workspace, "api", scopes=frozenset(SCOPES) - {scope}),
        "the tracking key": create_key(alice.workspace, "tracking"),
        "the write key": create_key(alice.workspace, "write"),
    }
    for key in keys.values():
        answer = type(alice.api)(key)(method, target, body_of(method, path))
        assert answer.status_code == 403
        assert answer.json() == {"code": "scope_missing", "message": f"The key lacks the scope `{scope}`: use a key that has it."}
    only = type(alice.api)(create_key(alice.workspace, "api", scopes=frozenset({scope})))
    assert is_let_in(only(method, target, body_of(method, path)), method, path)


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_without_a_valid_key_nothing_is_answered(alice: Any, operation: tuple[str, str, str]) -> None:
    from troth.workspaces.keys import create_key, revoke_key
    from troth.workspaces.models import Key

    method, path, _ = operation
    target = paths_into(alice, path)[0] if "{" in path else path
    revoked = create_key(alice.workspace, "server", label="revoked")
    revoke_key(Key.objects.get(label="revoked"))
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {revoked}",
        f"Basic {alice.api.key}",
        "Bearer " + "x" * 5_000,
        f"Bearer {alice.api.key}x",
    ):
        answer = alice.api(method, target, body_of(method, path), Authorization=header)
        assert answer.status_code == 401
        assert answer.json()["code"] == "key_invalid"
        assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_every_operation_declares_its_refusals(operation: tuple[str, str, str]) -> None:
    method, path, _ = operation
    declared = {int(status) for status in described()[path][method.lower()]["responses"]}
    assert declared >= {400, 401, 403, 422}
    assert ("{" not in path) or 404 in declared


def test_ids_that_nobody_has_are_not_found(alice: Any) -> None:
    unknown = {
        "person": "123",
        "message_id": "123",
        "request_id": str(uuid.uuid4()),
        "campaign_id": "999999",
        "purpose_key": "nothing",
        "notice_key": "nothing",
        "text_hash": "0" * 64,
        "form_id": "nothing",
        "takeaway_id": str(uuid.uuid4()),
        "notice_id": str(uuid.uuid4()),
        "topic_key": "nothing",
        "template_key": "nothing",
        "source": "campaign:999999",
    }
    for method, path, _ in NAMED:
        name = re.findall(r"\{(.*?)\}", path)[0]
        place = fill(path.replace("{version}", "1").replace("{number}", "1"), unknown.get(name, "999999"))
        assert alice.api(method, place, body_of(method, path)).status_code == 404, (method, place)


def test_the_documentation_needs_no_foreign_host(client: Any) -> None:
    page = client.get(f"{PREFIX}/docs").content.decode()
    assert "http://" not in page
    assert "https://" not in page
    schema = json.loads(client.get(f"{PREFIX}/openapi.json").content)
    assert schema["info"]["title"] == "Troth control API"
