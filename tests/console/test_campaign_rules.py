"""Writing in the console what triggers a campaign, when and how often it goes out; and the limits of all marketing."""

from __future__ import annotations

from typing import Any

from tests.console.test_campaigns import DRAFT
from tests.members import join
from troth.campaigns.models import Campaign
from troth.kernel.clock import now_ms
from troth.messages.limit_settings import load_limits
from troth.segments.registry import create_segment

RULES = {
    "delay_0": "2",
    "delay_1": "H",
    "unless-0-event": "Bought it",
    "unless-0-property": ["total", ""],
    "unless-0-op": ["greater", "equals"],
    "unless-0-value": ["10", ""],
    "unless-1-event": "Cancelled",
    "reentry": "once_per_span",
    "reentry_span_0": "1",
    "reentry_span_1": "W",
    "since": "09:00",
    "until": "17:00",
    "weekdays": ["mon", "fri"],
    "expires_after_0": "90",
    "expires_after_1": "M",
    "oldest_event_0": "1",
    "oldest_event_1": "D",
    "cap_messages": "3",
    "cap_per_0": "1",
    "cap_per_1": "D",
    "keeps_quiet_hours": "no",
    "priority": "70",
}
STORED = {
    "delay": "PT2H",
    "unless": [{"event": "bought_it", "conditions": {"property": "total", "op": "greater", "value": 10}}, {"event": "cancelled"}],
    "reentry": {"rule": "once_per_span", "span": "P7D"},
    "hours": {"from": "09:00", "until": "17:00", "days": ["mon", "fri"]},
    "expires_after": "PT90M",
    "cap": {"messages": 3, "per": "P1D"},
    "keeps_quiet_hours": False,
    "priority": 70,
}


def test_rules_are_written_shown_again_and_told_in_a_sentence(workspace: Any) -> None:
    owner = join(workspace, "owner")
    base = f"/console/{workspace.pk}/campaigns"
    assert owner.post(f"{base}/new", {**DRAFT, **RULES}).status_code == 303
    own = Campaign.objects.get()
    assert own.rules == STORED
    form = owner.get(f"{base}/{own.pk}/edit").content.decode()
    assert 'name="delay_0" value="2"' in form
    assert '<option value="W" selected>' in form
    owner.post(f"{base}/{own.pk}/edit", {**DRAFT, **RULES})
    own.refresh_from_db()
    assert (own.rules, own.has_changes) == (STORED, False)
    asked = owner.get(f"{base}/{own.pk}/publish").content.decode()
    for says in (
        "gets it 2 hours later.",
        "Not if “bought_it” that meets the conditions happens meanwhile.",
        "Not if “cancelled” happens meanwhile.",
        "Nobody gets it twice within 7 days.",
        "At most 3 in 1 day.",
        "It goes out between 09:00 and 17:00 on Monday, Friday, where the person is.",
        "What could not go out within 1 hour 30 minutes is not sent any more.",
    ):
        assert says in asked
    assert "gets it 2 hours later." in owner.get(f"{base}/{own.pk}").content.decode()


def test_what_is_wrong_with_rules_is_told_on_the_form(workspace: Any) -> None:
    owner = join(workspace, "owner")
    page = owner.post(f"/console/{workspace.pk}/campaigns/new", {**DRAFT, "reentry": "once_per_value"}).content.decode()
    assert "name the property of the event, such as order_id" in page
    for wrong, says in (
        ({"unless-0-event": "x", "unless-0-conditions": "{"}, "Unless “x”: Line 1, column 2: this is no JSON"),
        ({"unless-0-event": "x", "unless-0-property": "", "unless-0-op": "equals", "unless-0-value": "7"}, "Unless “x”: Row 1:"),
        ({"unless-0-conditions": '{"property": "a", "op": "is_set"}'}, "name the event that the conditions are about"),
    ):
        assert says in owner.post(f"/console/{workspace.pk}/campaigns/new", {**DRAFT, **wrong}).content.decode()
    assert Campaign.objects.count() == 0


def test_nested_conditions_of_what_ends_it_are_kept_as_json(workspace: Any) -> None:
    owner = join(workspace, "owner")
    base = f"/console/{workspace.pk}/campaigns"
    nested = '{"not": {"property": "plan", "op": "equals", "value": "free"}}'
    assert owner.post(f"{base}/new", {**DRAFT, "unless-0-event": "left", "unless-0-conditions": nested}).status_code == 303
    own = Campaign.objects.get()
    assert own.rules["unless"][0]["conditions"] == {"not": {"property": "plan", "op": "equals", "value": "free"}}
    assert "&quot;not&quot;" in owner.get(f"{base}/{own.pk}/edit").content.decode()


def test_beside_the_form_stands_what_the_rules_read_too(workspace: Any) -> None:
    owner = join(workspace, "owner")
    pros = create_segment(workspace.pk, name="Pros", definition={"attribute": "plan", "op": "equals", "value": "pro"}, now=now_ms())
    about = f"/console/{workspace.pk}/campaigns/about"
    told = owner.post(about, {**DRAFT, "unless-0-event": "Bought it", "only_if_in": str(pros.pk)}).content.decode()
    assert "bought_it" in told and "segment “Pros”" in told
    date = {"trigger_kind": "date", "attribute": "renews_on", "days": "7", "side": "before", "at": "09:30", "trigger_event": ""}
    assert "renews_on" in owner.post(about, {**DRAFT, **date}).content.decode()


def test_a_date_or_a_segment_triggers_instead_of_an_event(workspace: Any) -> None:
    owner = join(workspace, "owner")
    base = f"/console/{workspace.pk}/campaigns"
    segment = create_segment(workspace.pk, name="Pros", definition={"attribute": "plan", "op": "equals", "value": "pro"}, now=now_ms())
    date = {"trigger_kind": "date", "attribute": "renews_on", "days": "7", "side": "before", "at": "09:30", "trigger_event": ""}
    assert owner.post(f"{base}/new", {**DRAFT, **date}).status_code == 303
    assert owner.post(f"{base}/new", {**DRAFT, "trigger_kind": "exit", "segment": str(segment.pk), "trigger_event": ""}).status_code == 303
    by_date, by_segment = Campaign.objects.order_by("pk")
    assert by_date.trigger == {"kind": "date", "attribute": "renews_on", "days": -7, "at": "09:30"}
    assert by_segment.trigger == {"kind": "segment", "segment": segment.pk, "on": "exit"}
    assert "7 days before the date in “renews_on”, at 09:30 where the person is" in owner.get(f"{base}/{by_date.pk}").content.decode()
    assert "Whoever leaves the segment “Pros” gets it at once." in owner.get(f"{base}/{by_segment.pk}/publish").content.decode()
    assert owner.post(f"{base}/{by_segment.pk}/publish").status_code == 303
    assert owner.get(f"{base}").status_code == 200
    for question in ("pause", "edit"):
        assert owner.get(f"{base}/{by_segment.pk}/{question}").status_code == 200


def test_an_owner_sets_the_limits_and_others_see_them(workspace: Any) -> None:
    owner, developer = join(workspace, "owner"), join(workspace, "developer")
    page = f"/console/{workspace.pk}/settings/limits"
    posted = {
        "zone": "Europe/Berlin",
        "since": "22:00",
        "until": "08:00",
        "cap-TOTAL_FORMS": "2",
        "cap-INITIAL_FORMS": "0",
        "cap-0-messages": "2",
        "cap-0-per_0": "1",
        "cap-0-per_1": "W",
        "cap-0-scope": "topic",
        "cap-1-messages": "",
        "cap-1-per_0": "",
        "cap-1-per_1": "H",
        "cap-1-scope": "workspace",
    }
    assert owner.post(page, posted).status_code == 303
    kept = load_limits(workspace.pk)
    assert (kept.zone, kept.quiet_hours and kept.quiet_hours.until) == ("Europe/Berlin", "08:00")
    assert [(cap.messages, cap.per, cap.scope) for cap in kept.caps] == [(2, "P7D", "topic")]
    assert "there is no such time zone" in owner.post(page, {**posted, "zone": "Mars"}).content.decode()
    assert "2 in 7 days (the cap for each topic)" in developer.get(page).content.decode()
    assert developer.post(page, posted).status_code == 403
