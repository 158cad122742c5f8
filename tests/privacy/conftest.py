"""Dana, planted in every store through the one door."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from planted import DANA, SECRET

from tests.evidence import GIVEN

collect_ignore = [] if os.environ.get("TROTH_TEST_DATABASE") == "postgresql" else ["test_compaction.py"]
"""SQLite has nothing to compact."""


@pytest.fixture
def dana(workspace: Any) -> Any:
    """A person with something in every declared store, and Bob, who mentions nobody."""
    from troth.intake.captures import keep_watching, read_watches, write_captures
    from troth.intake.commands import Decide, Decision, Delete, Device, EditTags, Identify, Identity, Track
    from troth.intake.door import apply
    from troth.kernel.clock import now_ms
    from troth.kernel.ids import new_row_id
    from troth.kernel.worker import drain
    from troth.messages.channels.port import Feedback, Medium, Told
    from troth.messages.enqueue import NewMessage, enqueue
    from troth.messages.feedback.noting import note_feedback
    from troth.messages.fetches import Fetch, note_fetches
    from troth.messages.models import Engagement, Message
    from troth.messages.tracking import Measured
    from troth.people.lookup import find_person
    from troth.privacy.desk.cases import add_note
    from troth.privacy.desk.requesters import take_request
    from troth.privacy.disclosures.log import Went, note_disclosures
    from troth.privacy.downstream.sealing import Told as Secret
    from troth.privacy.downstream.sealing import seal_told
    from troth.privacy.history import By
    from troth.privacy.models import PrivacyRequest, RequestType
    from troth.privacy.models.disclosures import RecipientNotice
    from troth.privacy.models.opendsr import OpendsrCase, OpendsrRequest
    from troth.privacy.readiness.impact import sign_assessment
    from troth.privacy.requests import ask_for_confirmation
    from troth.privacy.retention.holds import place_hold
    from troth.segments.computing import compute_due
    from troth.segments.registry import create_segment
    from troth.webhooks.editing import create_webhook, revise_webhook
    from troth.webhooks.passing import News, pass_on
    from troth.workspaces.audit import record_access

    now = now_ms()
    # She asked before anybody knew her: the file of that request is hers, too.
    take_request(workspace.pk, RequestType.ACCESS, told={}, address=DANA["email"], by=By("page"), now=now, words=f"I am {SECRET}")
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    who = Identity(
        external_id=DANA["external_id"], email=DANA["email"], phone=DANA["phone"], devices=(Device(token=DANA["device"], platform="ios"),)
    )
    browser = Identity(external_id=DANA["external_id"], anonymous_id=DANA["anonymous_id"])
    bob = Identity(external_id="bob-external-1", email="bob@example.com")
    apply(
        [
            Identify(identity=who, attributes={"name": SECRET, "city": "Köln"}, **about),
            Identify(identity=browser, **about),
            EditTags(identity=who, add=("vip",), **about),
            Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence={**GIVEN, "form": SECRET}, **about),
            Decide(identity=who, decision=Decision.GRANT, purpose="click_tracking", evidence=GIVEN, **about),
            *[
                Track(identity=who, name="Bought", ts=now, properties={"note": SECRET, "n": n}, dedupe=f"d{n}", dedupe_ms=60_000, **about)
                for n in range(9)
            ],
            Identify(identity=bob, attributes={"name": "Bob"}, **about),
            Track(identity=bob, name="Bought", ts=now, properties={"n": 1}, **about),
        ],
        now=now,
    )
    drain(now)
    subject = find_person(workspace.pk, DANA["email"])
    enqueue(
        [
            NewMessage(
                subject=subject,
                source="campaign:1",
                occurrence=1,
                channel="email",
                purpose="service",
                is_marketing=False,
                template_id=1,
                due_at=now + 86_400_000,
                context={"event": {"note": SECRET}},
                verdicts=[],
            )
        ],
        now,
    )
    workspace.measures_clicks = True
    workspace.save()
    link = Measured(
        subject=subject, message_id=Message.objects.get(person_id=subject.person_id).message_id, url=f"https://shop.example/{SECRET}"
    )
    note_fetches([Fetch(link, "", now)])
    bounced = Feedback(
        told=Told.HARD_BOUNCE,
        at=now,
        event_id="b1",
        message_id=link.message_id,
        recipient=DANA["email"],
        diagnostic=f"no such user {SECRET}",
    )
    note_feedback(workspace.pk, Medium.EMAIL, [bounced], provider="smtp", now=now)
    sign_assessment(workspace, text="It is fair.", name="Ada", function="DPO", user_id=0, now=now)
    create_segment(workspace.pk, name="VIPs", definition={"tag": "vip"}, purpose="service", now=now)
    while compute_due(now):
        pass
    assert Engagement.objects.filter(link=link.url, times=1).exists()
    ask_for_confirmation(subject, source="api", received_at=now)
    asked = OpendsrRequest.objects.create(
        workspace_id=workspace.pk,
        subject_request_id="a7551968-d5d6-44b2-9831-815ac9017798",
        key_id=1,
        version="2.0",
        body_tag=b"",
        type="erasure",
        regulation="gdpr",
        submitted_at=now,
        received_at=now,
        expected_at=now,
        status="pending",
    )
    OpendsrCase.objects.create(case=PrivacyRequest.objects.get(person_id=subject.person_id), request=asked)
    add_note(PrivacyRequest.objects.get(person_id=subject.person_id), text=f"She said {SECRET}", by=By("console", 1, "owner"), now=now)
    keep_watching(workspace.pk, now)
    capture = (subject.bucket, subject.person_id, new_row_id(), workspace.pk, now, "vero", "events/track", "bought", DANA["email"], 200)
    write_captures(workspace.pk, read_watches(now)[workspace.pk], [(*capture, "accepted", "", f'{{"note":"{SECRET}"}}', False, "{}")], 0)
    record_access(workspace.pk, user_id=1, role="owner", action="person.read", at=now, person_id=subject.person_id)
    note_disclosures([Went(subject, "channel", 77, "Mailer", "email", "service", now)])
    notice = RecipientNotice(
        workspace_id=workspace.pk, right="rectification", kind="channel", recipient_id=77, name="Mailer", state="by_hand"
    )
    notice.request, notice.opened_at, notice.asked_at, notice.retry_until = (
        PrivacyRequest.objects.get(person_id=subject.person_id),
        now,
        now,
        now,
    )
    notice.sealed, notice.sealed_until = (
        seal_told(notice, Secret(identities=[("email", DANA["email"])], corrected={"note": SECRET})),
        now + 86_400_000,
    )
    notice.save(force_insert=True)
    place_hold(workspace.pk, person_id=subject.person_id, ground="a claim", until=now + 86_400_000, now=now)
    webhook, _ = create_webhook(workspace.pk, url="https://crm.example/", types=["user_updated"], purpose="service", now=now)
    revise_webhook(webhook, {"state": "paused"}, now=now)
    pass_on([News("user_updated", subject, now, {"changes": {"note": SECRET}, "add": [], "remove": []})], now)
    apply(
        [
            Track(identity=who, name="Arriving", ts=now, properties={"note": SECRET}, **about),
            Delete(identity=who, confirmed=False, **about),
        ],
        now=now,
    )
    return subject


@pytest.fixture(autouse=True)
def _no_thread_holds_a_replaced_database() -> Iterator[None]:
    """A restore writes over the database's file, as no running server would live through: threads that hold it open end with the test."""
    from troth.messages import sending

    yield
    if sending._pool.cache_info().currsize:
        sending._pool().shutdown()
        sending._pool.cache_clear()
