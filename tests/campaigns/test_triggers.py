"""From an event to a message, and to the mail server: only where the person agreed, once each, with the reason kept."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.evidence import proof_of
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import pause_campaign, publish_campaign
from troth.content.errors import TemplateInvalid
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Delete, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import MINUTE, now_ms
from troth.kernel.worker import drain
from troth.messages.models import Message, State
from troth.messages.queue import LEASE, claim_due, recover_abandoned
from troth.messages.sending import send_due

HTML = "<p>Hello {{ person.first_name }}, you bought {{ event.properties.what }}.</p>"
WHO = Identity(external_id="1", email="dana@example.com")


class Shop:
    """One workspace with a campaign, and what happens in it."""

    def __init__(self, workspace: Any, purpose: str, conditions: Any = None) -> None:
        self.now = now_ms()
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": self.now}
        made = create_campaign(
            workspace.pk,
            name="C",
            trigger_event="Bought",
            purpose=purpose,
            subject="For {{ person.first_name }}",
            html=HTML,
            conditions=conditions,
        )
        self.campaign = publish_campaign(made)
        apply([Identify(identity=WHO, attributes={"first_name": "Dana <D>"}, **self.common)], now=self.now)

    def says(self, decision: Decision, *purposes: str) -> None:
        apply(
            [Decide(identity=WHO, decision=decision, purpose=purpose, evidence=proof_of(decision), **self.common) for purpose in purposes],
            now=self.now,
        )

    def buys(self, **properties: Any) -> None:
        apply([Track(identity=WHO, name="bought", ts=self.now, properties=properties, **self.common)], now=self.now)
        fold_inbox(self.now)

    def messages(self) -> list[tuple[str, str]]:
        return list(Message.objects.order_by("message_id").values_list("state", "reason"))


def test_a_receipt_under_the_contract_needs_no_consent(workspace: Any) -> None:
    shop = Shop(workspace, "service")
    shop.buys(what="tea")
    drain(now_ms())
    message = Message.objects.get()
    assert (message.state, message.recipient) == (State.SENT, "dana@example.com")
    assert message.rendered["subject"] == "For Dana <D>"
    assert "Hello Dana &lt;D&gt;, you bought tea." in message.rendered["html"]
    assert "you bought tea" in message.rendered["text"]
    assert [(v["purpose"], v["operation"], v["allow"], v["basis"]) for v in message.decisions] == [
        ("trigger", "choose", True, "event"),
        ("service", "message", True, "contract"),
        ("service", "hand_over", True, "contract"),
    ]


@pytest.mark.parametrize(
    ("granted", "state", "reason"),
    [
        ([], State.SKIPPED, "behavioural_profiling:no_consent"),
        (["marketing_email"], State.SKIPPED, "behavioural_profiling:no_consent"),
        (["behavioural_profiling"], State.SKIPPED, "marketing_email:no_consent"),
        (["marketing_email", "behavioural_profiling"], State.QUEUED, ""),
    ],
)
def test_marketing_by_behaviour_needs_consent_to_both(workspace: Any, granted: list[str], state: str, reason: str) -> None:
    shop = Shop(workspace, "marketing_email")
    shop.says(Decision.GRANT, *granted)
    shop.buys(what="tea")
    assert shop.messages() == [(state, reason)]


@pytest.mark.parametrize("withdrawn", ["marketing_email", "behavioural_profiling"])
def test_a_withdrawal_stops_what_is_already_queued(workspace: Any, withdrawn: str) -> None:
    shop = Shop(workspace, "marketing_email")
    shop.says(Decision.GRANT, "marketing_email", "behavioural_profiling")
    shop.buys(what="tea")
    shop.says(Decision.WITHDRAW, withdrawn)
    drain(now_ms())
    assert shop.messages() == [(State.SKIPPED, f"{withdrawn}:withdrawn")]
    assert Message.objects.get().rendered is None


def test_conditions_on_the_event_decide(workspace: Any) -> None:
    shop = Shop(workspace, "service", {"property": "total", "op": "at_least", "value": 10})
    shop.buys(what="tea", total=5)
    shop.buys(what="tea", total=15)
    assert len(shop.messages()) == 1


def test_a_paused_campaign_reacts_no_more(workspace: Any) -> None:
    shop = Shop(workspace, "service")
    pause_campaign(shop.campaign)
    shop.buys(what="tea")
    assert shop.messages() == []


def test_a_broken_template_is_refused_at_publish(workspace: Any) -> None:
    made = create_campaign(workspace.pk, name="C", trigger_event="x", purpose="service", subject="s", html="<p>\n{{ person.first_name | }}")
    with pytest.raises(TemplateInvalid):
        publish_campaign(made)


def test_somebody_without_an_address_is_skipped_with_that_reason(workspace: Any) -> None:
    shop = Shop(workspace, "service")
    apply([Track(identity=Identity(external_id="2"), name="bought", ts=shop.now, **shop.common)], now=shop.now)
    drain(now_ms())
    assert shop.messages() == [(State.SKIPPED, "no_address")]


def test_an_erased_person_gets_nothing_that_was_queued(workspace: Any) -> None:
    shop = Shop(workspace, "service")
    shop.buys(what="tea")
    apply([Delete(identity=WHO, **shop.common)], now=shop.now)
    assert send_due(now_ms()) is False
    assert shop.messages() == [(State.SKIPPED, "service:being_erased")]


@pytest.mark.parametrize(("purpose", "state"), [("marketing_email", State.UNKNOWN), ("service", State.QUEUED)])
def test_what_a_dead_worker_held_is_never_sent_twice_if_it_is_marketing(workspace: Any, purpose: str, state: str) -> None:
    shop = Shop(workspace, purpose)
    shop.says(Decision.GRANT, "marketing_email", "behavioural_profiling")
    shop.buys(what="tea")
    claimed_at = now_ms()
    assert len(claim_due(claimed_at, 10)) == 1
    assert recover_abandoned(claimed_at + LEASE - MINUTE) == 0
    assert recover_abandoned(claimed_at + LEASE + MINUTE) == 1
    assert shop.messages()[0][0] == state


class Sink:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 OK"


def test_marketing_mail_reaches_the_mail_server_with_one_click_unsubscribe(workspace: Any, settings: Any) -> None:
    sink = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings.TROTH_EMAIL_URL = f"smtp+plain://127.0.0.1:{port}"
        shop = Shop(workspace, "marketing_email")
        shop.says(Decision.GRANT, "marketing_email", "behavioural_profiling")
        shop.buys(what="tea")
        drain(now_ms())
    finally:
        controller.stop()
    assert shop.messages() == [(State.SENT, "")]
    assert len(sink.mails) == 1
    assert sink.mails[0].rcpt_tos == ["dana@example.com"]
    head = sink.mails[0].content.decode().partition("\r\n\r\n")[0]
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    assert f"List-Unsubscribe: <{settings.TROTH_URL}/u/" in head


def test_a_mail_server_that_is_away_is_tried_again_later(workspace: Any, settings: Any) -> None:
    settings.TROTH_EMAIL_URL = "smtp+plain://127.0.0.1:1"
    shop = Shop(workspace, "service")
    shop.buys(what="tea")
    send_due(now_ms())
    message = Message.objects.get()
    assert (message.state, message.reason) == (State.QUEUED, "no_way_open")
    assert (message.due_at > message.claimed_at, message.attempts) == (True, 0)
