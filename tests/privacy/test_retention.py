"""Retention: what a schedule would delete is shown, then it deletes that and nothing that is held, and leaves a signed proof."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from planted import SECRET

from tests.privacy.test_inventory import stored
from tests.privacy.test_minimisation import attributes_of, events_of
from troth.consent.durations import add_duration
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.kernel.worker import drain
from troth.people.lookup import PersonNotFound, find_person, load_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.inventory.storing import count_all
from troth.privacy.models import LegalHold, PrivacyRequest, RetentionRule, RetentionRun
from troth.privacy.retention import running
from troth.privacy.retention.holds import lift_hold, place_hold
from troth.privacy.retention.rules import RetentionInvalid, RetentionUnknown, cutoff_of, save_rule
from troth.privacy.retention.running import preview, run_next, run_now

NOW = now_ms()
OLD = NOW - 400 * DAY
YEAR = {"title": "A year", "period": "P1Y", "trigger": "age"}


def put(workspace: Any, who: str, at: int, attributes: dict[str, Any] | None = None, **events: dict[str, Any]) -> None:
    """What came in at a moment."""
    about: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": at, "identity": Identity(external_id=who)}
    tracks = [Track(name=name, ts=at, properties=properties, **about) for name, properties in events.items()]
    apply([Identify(attributes=attributes or {}, **about), *tracks], now=at)
    drain(at)


@pytest.fixture
def shop(workspace: Any) -> Any:
    """Dana was here long ago and lately, Erin long ago alone."""
    for who in ("dana", "erin"):
        put(workspace, who, OLD, {"phone_number": "+4930123456", "plan": "pro"}, bought={"amount": 1, "email": "x@example.com"})
    put(workspace, "dana", NOW, {"plan": "free"}, bought={"amount": 2})
    count_all(NOW)
    return workspace


def rule(workspace: Any, **fields: Any) -> RetentionRule:
    return save_rule(workspace.pk, {**YEAR, "is_active": True, **fields}, now=NOW)


def test_an_attribute_and_an_event_go_by_their_own_age(shop: Any) -> None:
    plan = rule(shop, target="attribute", name="plan")
    assert preview(plan, NOW) == {"attribute": 1}
    assert run_now(plan, NOW).counts == {"attribute": 1}
    assert ("plan" in attributes_of(shop, "dana"), "plan" in attributes_of(shop, "erin")) == (True, False)
    assert run_now(rule(shop, target="event", event="bought"), NOW).counts == {"event": 2}
    assert (events_of(shop, "dana"), events_of(shop, "erin")) == ([("bought", {"amount": 2})], [])
    assert stored(shop)["bought"].count == 1
    assert "bought · email" not in stored(shop)


def test_a_category_covers_whatever_is_stored_of_it_under_the_purpose(shop: Any) -> None:
    contact = rule(shop, target="category", category="contact", purpose="service")
    assert preview(contact, NOW) == {"attribute": 2, "property": 2}
    run = run_now(contact, NOW)
    assert run.counts == {"attribute": 2, "property": 2}
    assert attributes_of(shop, "erin") == {"plan": "pro"}
    assert events_of(shop, "erin") == [("bought", {"amount": 1})]
    assert preview(rule(shop, target="category", category="contact", purpose="marketing_email"), NOW) == {}


def test_inactive_people_lose_what_the_schedule_names_or_are_erased_as_by_a_request(shop: Any) -> None:
    assert run_now(rule(shop, target="attribute", name="phone_number", trigger="last_activity"), NOW).counts == {"attribute": 1}
    assert "phone_number" in attributes_of(shop, "dana")
    run = run_now(rule(shop, target="person", trigger="last_activity"), NOW)
    assert run.counts == {"person": 1}
    with pytest.raises(PersonNotFound):
        find_person(shop.pk, "erin")
    assert PrivacyRequest.objects.get().source == "retention"
    assert find_person(shop.pk, "dana")


def test_after_a_consent_ended_and_the_time_of_proof_is_over_its_data_goes(shop: Any) -> None:
    about: dict[str, Any] = {
        "workspace_id": shop.pk,
        "source": "api",
        "identity": Identity(external_id="dana"),
        "purpose": "marketing_email",
    }
    ended = rule(shop, target="attribute", name="plan", trigger="consent_end", purpose="marketing_email")
    assert preview(ended, NOW) == {}
    apply([Decide(decision=Decision.WITHDRAW, received_at=OLD, **about)], now=OLD)
    assert run_now(ended, NOW).counts == {"attribute": 1}
    assert "plan" not in attributes_of(shop, "dana")


def test_nothing_goes_that_a_hold_covers_until_it_ends_or_is_lifted(shop: Any) -> None:
    erin = find_person(shop.pk, "erin")
    held = place_hold(shop.pk, person_id=erin.person_id, ground="a claim", until=NOW + DAY, now=NOW)
    place_hold(shop.pk, kind="property", event="bought", name="email", ground="an order", until=NOW + DAY, now=NOW)
    plan, event = rule(shop, target="attribute", name="plan"), rule(shop, target="event", event="bought")
    person = rule(shop, target="person", trigger="last_activity")
    assert [run_now(one, NOW).counts for one in (plan, event, person)] == [{"held": 1}, {"held": 2}, {"held": 1}]
    assert attributes_of(shop, "erin")["plan"] == "pro"
    lift_hold(shop.pk, held.hold_id, NOW)
    assert run_now(plan, NOW).counts == {"attribute": 1}
    assert preview(event, NOW + 2 * DAY) == {"event": 2}
    with pytest.raises(RetentionUnknown):
        lift_hold(shop.pk, held.hold_id, NOW)
    with pytest.raises(RetentionInvalid, match=r"\$\.ground"):
        place_hold(shop.pk, ground=" ", until=NOW + DAY, now=NOW)


def test_it_runs_by_itself_every_day_in_steps_and_leaves_a_proof_that_verifies(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_adapt", lambda seconds: None)
    monkeypatch.setitem(running._step, "buckets", 1024)
    made = rule(shop, target="attribute", name="plan")
    steps = 0
    while run_next(NOW):
        steps += 1
    assert steps == 4
    run = RetentionRun.objects.get()
    claims = verify_certificate(run.certificate)
    (tmp_path / "proof.json").write_text(run.certificate)
    said = io.StringIO()
    call_command("privacy_verify", str(tmp_path / "proof.json"), stdout=said)
    assert said.getvalue() == f"Genuine: retention {run.pk}, deleted 1 attribute, held 0.\n"
    assert (claims["deleted"], claims["held"], claims["schedule"]["id"]) == ({"attribute": 1}, 0, made.pk)
    assert "erin" not in run.certificate
    assert not run_next(NOW)
    while run_next(NOW + DAY):
        pass
    assert RetentionRun.objects.count() == 2


def test_a_schedule_that_is_off_deletes_nothing(shop: Any) -> None:
    off = rule(shop, target="attribute", name="plan", is_active=False)
    drain(NOW)
    assert RetentionRun.objects.count() == 0
    assert preview(off, NOW) == {"attribute": 1}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"target": "category", "category": "x"}, "category"),
        ({"target": "attribute"}, "name"),
        ({"target": "person"}, "trigger"),
        ({"target": "attribute", "name": "a", "period": "soon"}, "period"),
        ({"target": "attribute", "name": "a", "period": ""}, "period"),
        ({"target": "attribute", "name": "a", "purpose": "none"}, "purpose"),
        ({"target": "attribute", "name": "a", "trigger": "consent_end"}, "purpose"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused_with_its_field(workspace: Any, fields: dict[str, Any], place: str) -> None:
    with pytest.raises(RetentionInvalid, match=rf"^\$\.{place}: "):
        save_rule(workspace.pk, {**YEAR, **fields}, now=NOW)


def test_the_command_makes_previews_activates_and_runs(shop: Any) -> None:
    said = io.StringIO()
    words = ["title=Plans", "target=attribute", "name=plan", "trigger=age", "period=P1Y"]
    call_command("privacy_retention", str(shop.pk), "--add", *words, stdout=said)
    made = str(RetentionRule.objects.get().pk)
    call_command("privacy_retention", str(shop.pk), "--preview", made, stdout=said)
    with pytest.raises(RetentionInvalid, match="not active"):
        call_command("privacy_retention", str(shop.pk), "--run", made)
    call_command("privacy_retention", str(shop.pk), "--activate", made, stdout=said)
    call_command("privacy_retention", str(shop.pk), "--run", made, stdout=said)
    assert said.getvalue().count("attribute  1") == 2


moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda moment: int(moment.replace(tzinfo=UTC).timestamp()) * 1000)


@given(moments, st.sampled_from(["P1D", "P30D", "P1M", "P6M", "P1Y", "P1Y1M", "P10Y", "P2W"]))
def test_a_cutoff_is_never_too_late_and_less_than_two_days_too_early(now: int, period: str) -> None:
    cutoff = cutoff_of(period, now)
    later = add_duration(cutoff, period)
    assert later is not None
    assert later <= now
    beyond = add_duration(cutoff + DAY, period)
    assert beyond is not None
    assert beyond > now


def test_what_troth_itself_writes_goes_by_its_age_with_preview_hold_and_proof(dana: Subject) -> None:
    from troth.messages.models import DeliveryEvent, Engagement, Message
    from troth.privacy.desk.cases import find_request, open_request, withdraw
    from troth.privacy.history import By
    from troth.privacy.models import RequestType, RequestWords

    now = load_person(dana).updated_at
    Message.objects.filter(person_id=dana.person_id).update(
        state="sent", settled_at=now - 40 * DAY, recipient=SECRET, rendered={"text": SECRET}
    )
    Engagement.objects.filter(person_id=dana.person_id).update(measured_at=now - 40 * DAY)
    DeliveryEvent.objects.filter(person_id=dana.person_id).update(noted_at=now - 40 * DAY)
    closed = open_request(dana, RequestType.OBJECTION, by=By("api"), now=now, words=SECRET)
    withdraw(find_request(dana.workspace_id, closed.pk), by=By("api"), now=now)
    later = now + 40 * DAY
    before = RequestWords.objects.filter(person_id=dana.person_id).count()
    names = {"message_contents": 1, "mail_activity": 1, "delivery_reports": 1, "request_files": 1}
    made = {
        name: save_rule(
            dana.workspace_id,
            {"title": name, "target": "store", "name": name, "trigger": "age", "period": "P30D", "is_active": True},
            now=now,
        )
        for name in names
    }
    hold = place_hold(dana.workspace_id, person_id=dana.person_id, ground="a claim", until=later + DAY, now=now)
    LegalHold.objects.exclude(hold_id=hold.hold_id).delete()
    assert preview(made["message_contents"], later) == {"held": 1}
    assert run_now(made["message_contents"], later).counts == {"held": 1}
    hold.delete()
    for name, number in names.items():
        assert preview(made[name], later)[name] == number, name
        run = run_now(made[name], later)
        assert run.counts[name] == number and verify_certificate(run.certificate)["covered"] == [f"store {name}"]
        assert preview(made[name], later) == {}
    message = Message.objects.get(person_id=dana.person_id)
    assert (message.state, message.recipient, message.rendered, message.context) == ("sent", "", None, {}), "that it was sent stays"
    assert not Engagement.objects.exists() and not DeliveryEvent.objects.exists()
    assert RequestWords.objects.filter(person_id=dana.person_id).count() == before - 1, "what was written in open requests stays"


@pytest.mark.parametrize(
    "fields", [{"name": "messages"}, {"name": "mail_activity", "trigger": "last_activity"}, {"name": "request_files", "purpose": "service"}]
)
def test_a_store_that_must_not_go_earlier_cannot_be_scheduled(workspace: Any, fields: dict[str, str]) -> None:
    with pytest.raises(RetentionInvalid):
        save_rule(workspace.pk, {"title": "T", "target": "store", "trigger": "age", "period": "P30D", **fields}, now=NOW)
