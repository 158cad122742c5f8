"""What a newsletter is before it is sent: edited, copied, refused with its place, started; also by command."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from tests.api.conftest import Api
from tests.campaigns.newsdesk import MAIL, NEWS, Desk
from troth.kernel.clock import now_ms
from troth.workspaces.keys import create_key

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"variants": [{**MAIL, "key": "A B"}]}, "$.variants[0].key"),
    ({"variants": [MAIL, MAIL]}, "$.variants"),
    ({"test": {"share": 10}}, "$.test"),
    ({"schedule": {"kind": "later"}}, "$.schedule.kind"),
    ({"topic": "none-such"}, "$.topic"),
    ({"segment_id": 999}, "$.segment_id"),
]


@pytest.mark.parametrize(("fields", "path"), WRONG, ids=[path for _, path in WRONG])
def test_what_cannot_be_sent_is_refused_with_its_place(desk: Desk, fields: dict[str, Any], path: str) -> None:
    refused = desk.api.json("POST", "/newsletters", {**NEWS, **fields}, status=400)
    assert refused["path"] == path


def test_a_broken_mail_is_refused_at_the_start_and_never_found_at_sending(desk: Desk) -> None:
    made = desk.draft(variants=[{**MAIL, "html": "<p>{% if %}</p>"}])
    refused = desk.api.json("POST", f"/newsletters/{made}/start", status=400)
    assert "Variant A" in refused["message"] and "line 1" in refused["message"]
    assert desk.state(made) == "draft"


def test_data_collected_for_another_purpose_is_refused_at_the_start(desk: Desk) -> None:
    everything = Api(create_key(desk.post.workspace, "server"))
    everything.json("POST", "/purposes", {"key": "visits", "name": "Plan visits"}, status=201)
    everything.json("PUT", "/purposes/assignments", {"kind": "attribute", "name": "first_name", "purpose": "visits"})
    made = desk.draft()
    refused = desk.api.json("POST", f"/newsletters/{made}/start", status=400)
    assert refused["code"] == "purpose_not_covered"


def test_drafts_are_edited_copied_and_deleted_and_what_was_sent_is_not(desk: Desk) -> None:
    made = desk.draft()
    path = f"/newsletters/{made}"
    assert desk.api.json("PATCH", path, {"per_hour": 500, "holdout": 5})["per_hour"] == 500
    copied = desk.api.json("POST", f"{path}/copy", status=201)
    assert (copied["name"], copied["per_hour"]) == ("Weekly (copy)", 500)
    assert desk.api("DELETE", f"/newsletters/{copied['id']}").status_code == 204
    desk.api.json("POST", f"{path}/start")
    desk.now = now_ms()
    desk.work()
    desk.api.json("PATCH", path, {"per_hour": 1}, status=409)
    assert desk.api("DELETE", path).status_code == 409
    desk.api.json("POST", f"{path}/start", status=409)


def test_the_command_lists_starts_and_tells_what_became_of_everybody(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:

    desk.post.person("alice")
    desk.post.person("carol", consents=False)
    made, workspace = desk.draft(), str(desk.post.workspace.pk)
    call_command("newsletter_start", workspace, str(made))
    desk.now = now_ms()
    desk.work()
    call_command("newsletter_list", workspace)
    call_command("newsletter_show", workspace, str(made))
    said = capsys.readouterr().out
    assert "Weekly: scheduled" in said and "finished" in said
    assert "1  sent" in said and "1  skipped marketing_email:no_consent" in said
