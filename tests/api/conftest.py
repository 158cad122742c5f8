"""Alice's workspace and Charlie's, both with people, events, messages, requests and a campaign, and a client for the control API."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from tests.rows import put_rows, take_rows


@pytest.fixture(autouse=True)
def _no_proof_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it is started is enough here: it would go on beside the tests."""
    monkeypatch.setattr("troth.privacy.proofs.starting._start", lambda run: None)


@dataclass
class Api:
    """Calls of one key."""

    key: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        extra = {"data": body, "content_type": "application/json"} if body is not None else {}
        return self.client.generic(
            method,
            "/api/troth/v1" + path,
            **({"data": _encode(body), "content_type": "application/json"} if extra else {}),
            headers={"Authorization": f"Bearer {self.key}", **headers},
        )

    def json(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self(method, path, body)
        assert answer.status_code == status, (answer.status_code, answer.content)
        return answer.json()

    def walk(self, path: str, size: int) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        cursor = ""
        for _ in range(1_000):
            page = self.json("GET", f"{path}?limit={size}{cursor}")
            assert len(page["items"]) <= size
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"
        raise AssertionError("the list never ends")


def _encode(body: Any) -> bytes:
    import json

    return body if isinstance(body, bytes) else json.dumps(body).encode()


@dataclass
class Tenant:
    """A workspace with something of everything in it."""

    workspace: Any
    api: Api
    person_id: str
    external_id: str
    email: str
    message_id: str
    request_id: str
    campaign_id: int
    purpose_key: str
    notice_key: str
    text_hash: str
    form_id: str
    topic_key: str
    template_key: str
    segment_id: int
    newsletter_id: int
    record_id: str
    repermission_id: int
    channel_id: int
    domain_id: int
    webhook_id: int
    rule_id: int
    hold_id: str
    processor_id: int
    breach_id: int
    contest_id: int
    told_id: str
    kept_id: str
    takeaway_id: str
    handover_id: int
    funnel_id: int


@pytest.fixture(autouse=True)
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody outside is asked: a resolver without a server says so at once."""
    import dns.resolver

    from troth.messages import dns_records

    monkeypatch.setattr(dns_records, "make_resolver", lambda: dns.resolver.Resolver(configure=False))


@pytest.fixture
def tenants(transactional_db: None, no_earlier_erasures: None) -> tuple[Tenant, Tenant]:
    """Alice's and Charlie's."""
    from troth.consent.catalog import forget_catalogs
    from troth.messages.configured import forget_routes
    from troth.messages.domains import forget_stamps
    from troth.webhooks.listening import forget_listeners
    from troth.workspaces import registry

    forget_catalogs()
    forget_routes()
    forget_stamps()
    forget_listeners()
    registry._matching.clear()
    return _made_before() or _make_both()


_made: list[Any] = []
"""What is made once in a test process: both tenants and all their rows, which take longer to make than most tests."""


def _make_both() -> tuple[Tenant, Tenant]:
    both = make_tenant("alice"), make_tenant("charlie")
    _made[:] = [both, take_rows()]
    return both


def _made_before() -> tuple[Tenant, Tenant] | None:
    if not _made:
        return None
    (alice, charlie), rows = _made
    put_rows(rows)
    return replace(alice, api=Api(alice.api.key)), replace(charlie, api=Api(charlie.api.key))


@pytest.fixture
def alice(tenants: tuple[Tenant, Tenant]) -> Tenant:
    return tenants[0]


@pytest.fixture
def charlie(tenants: tuple[Tenant, Tenant]) -> Tenant:
    return tenants[1]


def make_tenant(name: str) -> Tenant:
    """A workspace where Dana bought something, got a receipt, and somebody visible in a browser asked to forget Erin."""
    from troth.campaigns.editing import create_campaign
    from troth.campaigns.publishing import publish_campaign
    from troth.intake.commands import Decide, Decision, Identify, Identity, Track
    from troth.intake.door import apply
    from troth.kernel.clock import now_ms
    from troth.kernel.worker import drain
    from troth.people.lookup import find_person
    from troth.privacy.requests import ask_for_confirmation
    from troth.workspaces.keys import SCOPES, create_key
    from troth.workspaces.registry import create_workspace

    made = create_workspace(name)
    workspace = made.workspace
    now = now_ms()
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    campaign = publish_campaign(
        create_campaign(
            workspace.pk,
            name="Receipt",
            trigger_event="bought",
            purpose="service",
            subject="Thanks, {{ person.name }}",
            html="<p>{{ event.properties.n }}</p>",
        )
    )
    email = f"dana@{name}.example.com"
    dana = Identity(external_id=f"dana-of-{name}", email=email)
    apply(
        [
            Identify(identity=dana, attributes={"name": "Dana", "plan": "pro"}, **about),
            Identify(identity=Identity(external_id=f"erin-of-{name}"), **about),
            Decide(identity=dana, decision=Decision.WITHDRAW, purpose="marketing_email", **about),
            Track(identity=dana, name="Bought", ts=now, properties={"n": 1}, **about),
        ],
        now=now,
    )
    drain(now)
    subject = find_person(workspace.pk, email)
    erin = find_person(workspace.pk, f"erin-of-{name}")
    request = ask_for_confirmation(erin, source="vero", received_at=now)
    api = Api(create_key(workspace, "api", scopes=frozenset(SCOPES)))  # a server key lacks the scope that is given by name alone
    messages = api.json("GET", "/messages")["items"]
    purpose_key = api.json("POST", "/purposes", {"key": f"visits-of-{name}", "name": "Plan visits"}, status=201)["key"]
    notice = publish_news(api, name)
    api.json("POST", "/notices", {"key": "every-tenant-has-one", "title": "Drafted"}, status=201)
    form_id = api.json("POST", "/forms", {"title": "Footer", "notice": notice["key"]}, status=201)["id"]
    topic = {"key": f"news-of-{name}", "name": {"en": "News"}, "purpose": "marketing_email"}
    topic_key = api.json("POST", "/topics", topic, status=201)["key"]
    segment = {"name": f"Pro of {name}", "definition": {"attribute": "plan", "op": "equals", "value": "pro"}, "purpose": "service"}
    segment_id = api.json("POST", "/segments", segment, status=201)["id"]
    api.json("POST", "/minimisation/stop", {"kind": "attribute", "name": "shoe"})
    drain(now_ms())
    return Tenant(
        workspace,
        api,
        str(subject.person_id),
        f"dana-of-{name}",
        email,
        messages[0]["id"],
        str(request.id),
        campaign.pk,
        purpose_key,
        notice["key"],
        notice["versions"][0]["text_hash"],
        form_id,
        topic_key,
        publish_template(api, name),
        segment_id,
        send_newsletter(api),
        api.json("GET", f"/people/{subject.person_id}/consents")["records"][0]["id"],
        api.json("POST", "/repermissions", asking_of(name), status=201)["id"],
        add_sms(api, workspace.pk, name),
        api.json("POST", "/domains", {"domain": f"{name}.example"}, status=201)["id"],
        api.json("POST", "/webhooks", webhook_of(name), status=201)["id"],
        api.json("POST", "/retention/rules", RETENTION, status=201)["id"],
        api.json("POST", "/retention/holds", {"ground": "a claim", "until": "2999-01-01T00:00:00Z"}, status=201)["id"],
        api.json("POST", "/processors", {"name": f"Mailer of {name}"}, status=201)["id"],
        api.json("POST", "/breaches", {"title": f"A list of {name} went astray"}, status=201)["id"],
        contest(api),
        tell_by_hand(request, name),
        keep_of(subject),
        *take_along(api, name),
        api.json("POST", "/reports/funnels", {"name": f"Way of {name}", "steps": [{"event": "seen"}, {"event": "bought"}]}, status=201)[
            "id"
        ],
    )


def contest(api: Api) -> int:
    """The latest instruction, as infringing the law."""
    entry = api.json("GET", "/instructions")[0]["id"]
    made: int = api.json("POST", "/contested-instructions", {"entry": entry, "reason": "Art. 9"}, status=201)["id"]
    return made


def keep_of(subject: Any) -> str:
    """What a hold keeps of somebody who was erased."""
    from troth.kernel.clock import now_ms
    from troth.kernel.crypto import seal
    from troth.privacy.erasure.kept import GROUND, set_aside
    from troth.privacy.models.kept import KeptItem
    from troth.privacy.storage.ledger_file import Held

    held = Held(hold=0, exception="claims", until=32_472_144_000_000, ground=seal(GROUND, b"a claim").hex())
    set_aside(subject, [held], [], request_id=str(uuid4()), now=now_ms())
    return str(KeptItem.objects.get(workspace_id=subject.workspace_id).pk)


def take_along(api: Api, name: str) -> tuple[str, int]:
    """A file that a tenant asked for and nobody writes yet, and that it is to be handed over."""
    from troth.privacy.models.takeaways import Handover, Takeaway

    takeaway_id = api.json("POST", "/takeaways", status=202)["id"]
    to = {"recipient": f"Lawyer of {name}", "target": {"url": "https://127.0.0.1:1/"}}
    handover_id = api.json("POST", f"/takeaways/{takeaway_id}/handover", to, status=202)["id"]
    for model in (Takeaway, Handover):
        model.objects.update(next_at=None)
    return takeaway_id, handover_id


def tell_by_hand(request: Any, name: str) -> str:
    """A recipient of a tenant whom a member has to tell."""
    from troth.privacy.models.disclosures import RecipientNotice

    about = {"right": "erasure", "kind": "channel", "recipient_id": 77, "name": f"Printer of {name}", "state": "by_hand"}
    return str(
        RecipientNotice.objects.create(
            request=request, workspace_id=request.workspace_id, opened_at=1, asked_at=1, retry_until=1, **about
        ).pk
    )


RETENTION = {"title": "Old plans", "target": "attribute", "name": "plan", "trigger": "age", "period": "P9Y"}
"""A schedule that nothing is old enough for."""


def send_newsletter(api: Api) -> int:
    """A newsletter under way to a segment of nobody, whose test waits for a member's choice."""
    from troth.kernel.clock import now_ms
    from troth.kernel.worker import drain

    nobody = {"name": "Nobody", "definition": {"attribute": "plan", "op": "equals", "value": "none"}, "purpose": "service"}
    segment_id = api.json("POST", "/segments", nobody, status=201)["id"]
    drain(now_ms())
    mails = [{"key": key, "subject": "News", "html": "<p>News</p>"} for key in "AB"]
    fields = {
        "name": "News",
        "purpose": "marketing_email",
        "variants": mails,
        "segment_id": segment_id,
        "test": {"share": 50, "decide": "hand"},
    }
    made = api.json("POST", "/newsletters", fields, status=201)["id"]
    api.json("POST", f"/newsletters/{made}/start")
    drain(now_ms())
    drain(now_ms())  # it is begun; its people are gathered
    return int(made)


def add_sms(api: Api, workspace_id: int, name: str) -> int:
    """A channel of a tenant, and an address that is stopped."""
    from troth.messages.feedback.stops import Stopping, stop_addresses
    from troth.messages.models import StopReason
    from troth.people.identifiers import make_handle

    stopped = make_handle(workspace_id, "email", "nobody@example.com")
    assert stopped
    stop_addresses(workspace_id, [Stopping("email", stopped.tag, StopReason.HARD_BOUNCE, 1)])
    channel = {
        "adapter": "twilio",
        "settings": {"account_sid": f"AC-of-{name}", "auth_token": "t", "sender": "Acme", "api_url": "https://127.0.0.1:1"},
    }
    found: int = api.json("POST", "/channels", channel, status=201)["id"]
    return found


def webhook_of(name: str) -> dict[str, Any]:
    """A webhook that leads nowhere."""
    return {"name": f"CRM of {name}", "url": f"https://127.0.0.1:1/{name}", "types": ["person.erased"], "purpose": "service"}


def asking_of(name: str) -> dict[str, str]:
    """An asking that shows the notice of a tenant."""
    words = {"subject": "May we?", "html": '<a href="{{ ask_url }}">Answer</a>'}
    return {"purpose": "marketing_email", "notice": f"news-of-{name}", "ground": "service", **words}


def publish_template(api: Api, name: str) -> str:
    """A template of a tenant, published once."""
    key = f"hello-of-{name}"
    api.json(
        "POST", "/templates", {"kind": "email", "key": key, "parts": {"en": {"subject": "Hello", "body": f"<p>{name}</p>"}}}, status=201
    )
    api.json("POST", f"/templates/{key}/publish", {})
    return key


def publish_news(api: Api, name: str) -> Any:
    """A notice about the news of a tenant, published in English."""
    key = f"news-of-{name}"
    api.json("POST", "/notices", {"key": key, "title": "News", "purposes": ["marketing_email"]}, status=201)
    says = {"controller": name, "purposes": "news", "data": "e-mail address", "withdrawal": "a link in every mail"}
    text = f"{name} writes to you about its news. Stop with the link in every mail."
    api.json("PUT", f"/notices/{key}/drafts", {"language": "en", "text": text, "says": says})
    api.json("POST", f"/notices/{key}/publish", {})
    return api.json("GET", f"/notices/{key}")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Each invented call of the API is a test of its own name, which this version of pytest forgets: of several of one name only one would run
    where tests are shared out to processes."""
    label = getattr(item, "operation_label", None)
    if label is not None:
        item._id = dataclasses.replace(item.id, params=label)
