"""Versions of newsletters, and who published a campaign's: each saved draft is kept, compared and written again, by whoever it was."""

from __future__ import annotations

import io
import json
from typing import Any

from django.core.management import call_command

from tests.campaigns.newsdesk import MAIL, Desk
from tests.members import join
from troth.campaigns.editing import create_campaign
from troth.campaigns.models import Newsletter, NewsletterVersion
from troth.campaigns.newsletters.editing import delete_newsletter
from troth.kernel.clock import MINUTE
from troth.workspaces.models import User

OTHER = {**MAIL, "subject": "Newer", "html": "<p>Hello</p>\n<p>More</p>"}


def change(desk: Desk, made: int, **fields: Any) -> None:
    desk.api.json("PATCH", f"/newsletters/{made}", fields)


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_each_saved_draft_is_kept_compared_and_written_again(desk: Desk) -> None:
    made = desk.draft()
    path = f"/newsletters/{made}"
    change(desk, made, variants=[OTHER], per_hour=500)
    change(desk, made, per_hour=500)
    assert [(row["version"], row["author"]) for row in desk.api.json("GET", f"{path}/versions")] == [(2, None), (1, None)]
    first = desk.api.json("GET", f"{path}/versions/1")
    assert (first["written"]["variants"][0]["subject"], first["written"]["per_hour"]) == ("News", None)
    changes = desk.api.json("GET", f"{path}/versions/1/diff")["changes"]
    assert set(changes) == {"per_hour", "variant A: subject", "variant A: html"}
    assert changes["variant A: subject"] == ["@@ -1 +1 @@", "-News", "+Newer"] or {"-News", "+Newer"} <= set(changes["variant A: subject"])
    assert desk.api.json("GET", f"{path}/versions/2/diff")["changes"] == {}
    restored = desk.api.json("POST", f"{path}/versions/1/restore")
    assert (restored["variants"][0]["subject"], restored["per_hour"], restored["state"]) == ("News", None, "draft")
    assert desk.api.json("GET", f"{path}/versions/1/diff?against=3")["changes"] == {}
    for wrong in ("/versions/9", "/versions/0", "/versions/1/diff?against=9"):
        assert desk.api("GET", f"{path}{wrong}").status_code == 404, wrong


def test_what_is_under_way_is_not_written_over_and_versions_go_with_their_newsletter(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.draft()
    change(desk, made, per_hour=5)
    desk.api.json("POST", f"/newsletters/{made}/start")
    desk.work(MINUTE)
    assert desk.api("POST", f"/newsletters/{made}/versions/1/restore").status_code == 409
    other = desk.draft()
    delete_newsletter(Newsletter.objects.get(pk=other))
    assert set(NewsletterVersion.objects.values_list("newsletter_id", flat=True)) == {made}


def test_what_was_there_before_versions_were_kept_is_the_first(desk: Desk) -> None:
    made = desk.draft()
    NewsletterVersion.objects.all().delete()
    change(desk, made, name="Later")
    assert [one.written["name"] for one in NewsletterVersion.objects.order_by("number")] == ["Weekly", "Later"]


def test_the_command_lists_shows_compares_and_restores(desk: Desk) -> None:
    made, ws = desk.draft(), str(desk.post.workspace.pk)
    change(desk, made, name="Later")
    assert [row["version"] for row in json.loads(run("newsletter_versions", ws, str(made), "--json"))] == [2, 1]
    assert json.loads(run("newsletter_versions", ws, str(made), "--number", "1"))["name"] == "Weekly"
    assert "+Later" in run("newsletter_versions", ws, str(made), "--diff", "1")
    assert "the draft is as version 1 was" in run("newsletter_restore", ws, str(made), "1")
    assert Newsletter.objects.get(pk=made).name == "Weekly"


def test_the_console_shows_who_saved_it_while_there_is_such_a_member(desk: Desk) -> None:
    made, workspace = desk.draft(), desk.post.workspace
    marketer, viewer = join(workspace, "marketer"), join(workspace, "viewer")
    change(desk, made, variants=[OTHER])
    page = f"/console/{workspace.pk}/newsletters/{made}"
    assert "This changes: Variant A: subject, Variant A: HTML." in marketer.get(f"{page}/versions/1/restore").content.decode()
    assert viewer.post(f"{page}/versions/1/restore").status_code == 403
    assert marketer.post(f"{page}/versions/1/restore").headers["Location"] == page
    own = viewer.get(page).content.decode()
    assert f'href="{page}/versions/3"' in own and "marketer@example.com" in own
    third = viewer.get(f"{page}/versions/3?with=2").content.decode()
    assert "marketer@example.com" in third and "More" in third
    assert "The two are the same" in viewer.get(f"{page}/versions/3?with=0").content.decode()
    assert viewer.get(f"{page}/versions/9").status_code == 404
    member = User.objects.get(email="marketer@example.com")
    assert [row["author"] for row in desk.api.json("GET", f"/newsletters/{made}/versions")] == [member.pk, None, None]
    member.delete()
    assert "marketer@example.com" not in viewer.get(f"{page}/versions/3").content.decode()


def test_a_version_of_a_campaign_stands_with_whoever_published_it(desk: Desk) -> None:
    workspace = desk.post.workspace
    own = create_campaign(workspace.pk, name="Cart", trigger_event="cart", purpose="service", subject="s", html="<p>One</p>")
    owner = join(workspace, "owner")
    page = f"/console/{workspace.pk}/campaigns/{own.pk}"
    assert owner.post(f"{page}/publish").status_code == 303
    desk.api.json("POST", f"/campaigns/{own.pk}/publish")
    number = User.objects.get(email="owner@example.com").pk
    assert [row["author"] for row in desk.api.json("GET", f"/campaigns/{own.pk}/versions")] == [None, number]
    assert "owner@example.com" in owner.get(f"{page}/versions/1").content.decode()
    assert f"member {number}" in run("campaign_versions", str(workspace.pk), str(own.pk))
