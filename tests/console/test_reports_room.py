"""The room Reports: figures over time and in groups, one source from sent to converted, its links on the mail itself, and all of it as files."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.members import join
from tests.messages.posting import Post
from tests.messages.test_report_figures import measure, put
from troth.campaigns.editing import create_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import publish_campaign
from troth.campaigns.saved_funnels import keep_funnel
from troth.console.reports.heat import mark_links
from troth.intake.actor import fold_inbox
from troth.intake.commands import Identity, Track
from troth.kernel.clock import HOUR, now_ms
from troth.messages.models import Engaged
from troth.messages.reports.links import Link, Links
from troth.workspaces.audit import read_entries
from troth.workspaces.models import Workspace
from troth.workspaces.registry import create_workspace

SHOP = "https://example.com/shop"


@pytest.fixture
def viewer(workspace: Any) -> Client:
    return join(workspace, "viewer")


@pytest.fixture
def sent(post: Post) -> Campaign:
    """Twelve mails of a campaign: six opened, five of those followed, two of those bought for 10 each; one person agreed to nothing."""
    html = f'<p>Hello <a href="{SHOP}">Shop</a> <a href="https://example.com/other">Other</a></p>'
    made = create_campaign(
        post.workspace.pk,
        name="Autumn offer",
        trigger_event="seen",
        purpose="service",
        subject="Hi",
        html=html,
        goal={"event": "bought", "revenue": "total"},
    )
    publish_campaign(made)
    at = now_ms() - 2 * HOUR
    for number in range(12):
        person = post.person(f"p{number}", consents=number > 0)
        message = put(post, person, number, at=at, source=f"campaign:{made.pk}", template_id=made.template_id)
        if number == 0:
            continue
        measure(message, Engaged.OPEN, times=int(number < 7), machine_times=int(number == 9))
        measure(message, Engaged.CLICK)
        if number < 6:
            measure(message, Engaged.CLICK, SHOP, times=1, first_at=at + 1)
        if number < 3:
            who = Identity(person_id=person.person_id)
            post.say(Track(identity=who, name="bought", ts=at + HOUR, properties={"total": 10}, **post.common))
    fold_inbox(now_ms())
    return made


@pytest.fixture
def post(workspace: Any) -> Post:
    return Post(workspace)


def page(client: Client, workspace: Any, rest: str = "", status: int = 200) -> str:
    answer = client.get(f"/console/{workspace.pk}/reports{rest}")
    assert answer.status_code == status
    return str(answer.content.decode())


def test_the_room_begins_empty(viewer: Client, workspace: Any) -> None:
    assert "No messages in these days" in page(viewer, workspace)


def test_messages_are_told_over_time_and_in_groups(viewer: Client, workspace: Any, sent: Campaign) -> None:
    whole = page(viewer, workspace)
    assert "Autumn offer" in whole
    assert "54.5 %" in whole  # six of eleven who may be counted
    assert "45.5 %" in whole
    for by, said in (("day", "Days"), ("channel", "e-mail"), ("topic", "no topic"), ("domain", "example.com")):
        assert said in page(viewer, workspace, f"?by={by}")


def test_a_source_is_told_from_sent_to_converted(viewer: Client, workspace: Any, sent: Campaign) -> None:
    whole = page(viewer, workspace, f"/campaign/{sent.pk}")
    for said in (
        "6 of 11",
        "5 of 11",
        "2 of 11",
        "Not counted for lack of consent: 1",
        "Opened by machines alone: 1",
        SHOP,
        "Direct",
        "20",
    ):
        assert said in whole
    assert f"/reports/campaign/{sent.pk}" in viewer.get(f"/console/{workspace.pk}/campaigns/{sent.pk}").content.decode()


def test_links_are_marked_on_the_mail_and_only_those_of_five_persons(viewer: Client, workspace: Any, sent: Campaign) -> None:
    answer = viewer.get(f"/console/{workspace.pk}/reports/campaign/{sent.pk}/mail")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    drawn = answer.content.decode()
    assert ">5</span>" in drawn
    assert drawn.count("<span") == 1
    marked = mark_links('<a href="https://a.example/x">x</a>', Links((Link("https://a.example/y", 7, 7),), 0))
    assert "<span" not in marked


def test_what_is_shown_can_be_taken_along_as_files(viewer: Client, workspace: Any, sent: Campaign) -> None:
    answer = viewer.get(f"/console/{workspace.pk}/reports/figures.csv?by=source")
    assert "attachment" in answer.headers["Content-Disposition"]
    [row] = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["name"], row["sent"], row["opened"], row["opens_not_counted"]) == ("Autumn offer", "12", "6", "1")
    told = viewer.get(f"/console/{workspace.pk}/reports/figures.json?by=day").json()
    assert told["figures"]["audience"] == 12 == sum(line["audience"] for line in told["lines"])
    report = viewer.get(f"/console/{workspace.pk}/reports/campaign/{sent.pk}/report.json").json()
    assert report["conversions"]["revenue"] == [{"currency": "", "amount": 20.0, "direct": 20.0, "events": 2}]


def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(viewer: Client, workspace: Any, sent: Campaign) -> None:
    Campaign.objects.filter(pk=sent.pk).update(name="=HYPERLINK(1)")
    assert ",'=HYPERLINK(1)," in viewer.get(f"/console/{workspace.pk}/reports/figures.csv?by=source").content.decode()


def test_days_that_cannot_be_are_told_and_the_last_thirty_shown(viewer: Client, workspace: Any, sent: Campaign) -> None:
    for asked in ("first=yesterday", "first=2026-03-02&last=2026-03-01", "first=0001-01-01", "last=9999-12-31"):
        assert "These days cannot be shown" in page(viewer, workspace, f"?{asked}")
    assert "Choose other days" in page(viewer, workspace, f"/campaign/{sent.pk}?first=2020-01-01&last=2020-01-31")


def test_the_report_of_another_workspaces_campaign_is_not_found(workspace: Any, sent: Campaign) -> None:
    other = Workspace.objects.create(account=workspace.account, name="other")
    stranger = join(other, "owner")
    for rest in (f"/campaign/{sent.pk}", f"/campaign/{sent.pk}/mail", f"/campaign/{sent.pk}/report.json", f"/newsletter/{sent.pk}"):
        page(stranger, other, rest, status=404)
    assert stranger.get(f"/console/{other.pk}/reports/figures.json").json()["figures"]["audience"] == 0


def test_a_goal_is_written_in_the_editor(workspace: Any, sent: Campaign) -> None:
    marketer = join(workspace, "marketer")
    shown = marketer.get(f"/console/{workspace.pk}/campaigns/{sent.pk}/edit").content.decode()
    assert 'value="bought"' in shown


def test_a_funnel_of_chosen_events_is_drawn_told_apart_and_taken_along(viewer: Client, workspace: Any, sent: Campaign, post: Post) -> None:
    for number in range(1, 9):
        who = Identity(external_id=f"p{number}")
        post.say(
            Track(
                identity=who, name="Looked", ts=now_ms() - 3 * HOUR, properties={"shelf": "books" if number < 7 else "toys"}, **post.common
            )
        )
    fold_inbox(now_ms())
    asked = {"event1": "looked", "event2": "bought", "days": "3", "source": f"campaign:{sent.pk}"}
    drawn = page(viewer, workspace, f"/funnel?{urlencode(asked)}")
    for said in ("1. looked", "2. bought", "25 %", "v1", 'name="event3"', "1 person may not be looked at", "<svg"):
        assert said in drawn, said
    books = {**asked, "property1": "shelf", "property_op1": "equals", "property_value1": "books"}
    assert "33.3 %" in page(viewer, workspace, f"/funnel?{urlencode(books)}")
    toys = page(viewer, workspace, f"/funnel?{urlencode({**books, 'property_value1': 'toys'})}")
    assert "Fewer than five people" in toys
    assert viewer.get(f"/console/{workspace.pk}/reports/funnel.json?{urlencode(books)}").json()["people"] == [6, 2]
    rows = list(csv.DictReader(io.StringIO(viewer.get(f"/console/{workspace.pk}/reports/funnel.csv?{urlencode(asked)}").content.decode())))
    assert [(row["group"], row["name"], row["1 looked"], row["2 bought"]) for row in rows[:2]] == [
        ("all", "", "8", "2"),
        ("variant", "v1", "8", "2"),
    ]


def test_a_funnel_that_cannot_be_counted_says_why(viewer: Client, workspace: Any, sent: Campaign) -> None:
    assert "Choose at least two events" in page(viewer, workspace, "/funnel")
    assert "Nobody began in these days" in page(viewer, workspace, "/funnel?event1=never&event2=bought")
    assert "choose from 2 to 6 events" in page(viewer, workspace, "/funnel?event1=bought")
    for wrong in ("source=campaign:999", "segment=999", "also_for=none_such", "property1=total&property_op1=greater&property_value1=much"):
        assert "This cannot be counted" in page(viewer, workspace, f"/funnel?event1=bought&event2=bought&{wrong}"), wrong
    answer = viewer.get(f"/console/{workspace.pk}/reports/funnel.csv?event1=bought")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/console/{workspace.pk}/reports/funnel?event1=bought")


def test_a_funnel_is_kept_under_a_name_opened_changed_and_deleted(viewer: Client, workspace: Any, sent: Campaign) -> None:
    marketer, room = join(workspace, "marketer"), f"/console/{workspace.pk}/reports/funnel"
    question = {"event1": "seen", "event2": "bought", "property2": "total", "property_op2": "at_least", "property_value2": "5", "days": "3"}
    shown = marketer.get(f"{room}?{urlencode(question)}").content.decode()
    assert 'id="keep"' in shown and 'id="kept"' not in shown
    assert 'id="keep"' not in page(viewer, workspace, f"/funnel?{urlencode(question)}"), "who may only look keeps nothing"
    assert viewer.post(f"{room}/save", {"name": "Mine", "query": urlencode(question)}).status_code == 403
    kept = marketer.post(f"{room}/save", {"name": "Seen to bought", "query": urlencode(question)})
    assert kept.status_code == 303
    own = kept.headers["Location"]
    opened = viewer.get(own).content.decode()
    for said in ("<h1>Seen to bought</h1>", "seen → bought", 'value="total"', 'value="5"', 'value="3"', "Nobody began in these days"):
        assert said in opened.replace("\n", ""), said
    assert viewer.get(f"{own}.json").json()["steps"][1]["where"] == {"property": "total", "op": "at_least", "value": 5}
    assert viewer.get(f"{own}.csv").headers["Content-Type"] == "text/csv; charset=utf-8"
    again = marketer.post(f"{room}/save", {"name": "Seen to bought", "query": urlencode(question)})
    assert again.headers["Location"].startswith(f"{room}?event1=seen"), "what stood in the boxes is not lost"
    assert "keeps a funnel of this name" in marketer.get(again.headers["Location"]).content.decode()
    changed = marketer.post(f"{own}/save", {"name": "Bought soon", "query": urlencode({**question, "days": "1"})})
    assert changed.headers["Location"] == own
    assert viewer.get(f"{own}.json").json()["days"] == 1
    assert "Delete “Bought soon”" in marketer.get(f"{own}/delete").content.decode()
    assert marketer.post(f"{own}/delete").headers["Location"] == room
    assert viewer.get(own).status_code == 404
    told = [entry.action for entry in read_entries(workspace.pk)]
    assert (told.count("funnel.saved"), told.count("funnel.deleted")) == (2, 1)


def test_a_kept_funnel_that_boxes_cannot_say_is_counted_as_it_is(viewer: Client, workspace: Any, sent: Campaign) -> None:
    marketer = join(workspace, "marketer")
    where = {"not": {"property": "total", "op": "is_set"}}
    own = keep_funnel(workspace.pk, "Of the API", {"steps": [{"event": "seen"}, {"event": "bought", "where": where}]}, now=now_ms())
    shown = marketer.get(f"/console/{workspace.pk}/reports/funnel/{own.pk}").content.decode()
    assert "Written over the API." in shown and 'name="event1"' not in shown and 'id="keep"' not in shown
    assert viewer.get(f"/console/{workspace.pk}/reports/funnel/{own.pk}.json").json()["steps"][1]["where"] == where
    other = create_workspace("Other").workspace
    stranger = join(other, "viewer", email="other@example.com")
    assert stranger.get(f"/console/{other.pk}/reports/funnel/{own.pk}").status_code == 404
