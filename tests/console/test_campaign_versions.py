"""The versions of a campaign in the console: each as it was published, what changed, and written into the draft again."""

from __future__ import annotations

from typing import Any

from tests.members import join
from troth.campaigns.editing import create_campaign, update_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import publish_campaign
from troth.workspaces.audit import read_entries


def publish_twice(workspace_id: int) -> Campaign:
    own = create_campaign(workspace_id, name="Cart", trigger_event="cart", purpose="service", subject="You left it", html="<p>One</p>")
    own = update_campaign(publish_campaign(own), html="<p>Two</p>", rules={"delay": "PT1H"})
    return publish_campaign(own)


def test_a_version_is_shown_compared_and_written_into_the_draft(workspace: Any) -> None:
    own = publish_twice(workspace.pk)
    viewer, marketer = join(workspace, "viewer"), join(workspace, "marketer")
    page = f"/console/{workspace.pk}/campaigns/{own.pk}"
    listed = viewer.get(page).content.decode()
    assert f'href="{page}/versions/2"' in listed and f'href="{page}/versions/1"' in listed
    second = viewer.get(f"{page}/versions/2").content.decode()
    for said in (
        "what was published last",
        "gets it 1 hour later",
        "When and how often",
        "&lt;p&gt;Two&lt;/p&gt;",
        "&lt;p&gt;One&lt;/p&gt;",
    ):
        assert said in second, said
    assert "Write it into the draft" not in second, "who may only look changes nothing"
    first = marketer.get(f"{page}/versions/1").content.decode()
    assert "Write it into the draft" in first and "gets it at once" in first
    assert "The two are the same" in viewer.get(f"{page}/versions/2?with=0").content.decode()
    assert "This changes: When and how often, HTML." in marketer.get(f"{page}/versions/1/restore").content.decode()
    assert viewer.post(f"{page}/versions/1/restore").status_code == 403
    assert marketer.post(f"{page}/versions/1/restore").headers["Location"] == page
    own.refresh_from_db()
    assert (own.html, own.rules, own.has_changes, own.published["rules"]) == ("<p>One</p>", {}, True, {"delay": "PT1H"})
    assert next(iter(read_entries(workspace.pk))).detail["version"] == 1
    for wrong in ("/versions/3", "/versions/0", "/versions/1?with=7", "/versions/1?with=x"):
        assert viewer.get(page + wrong).status_code == 404, wrong


def test_a_version_that_cannot_be_kept_any_more_says_why(workspace: Any) -> None:
    from troth.campaigns.models import Version

    own = publish_twice(workspace.pk)
    kept = Version.objects.filter(campaign_id=own.pk).order_by("template_id").first()
    assert kept is not None
    kept.rule["purpose"] = "gone"
    kept.save()
    marketer = join(workspace, "marketer")
    page = f"/console/{workspace.pk}/campaigns/{own.pk}"
    told = marketer.post(f"{page}/versions/1/restore", follow=True).content.decode()
    assert "stands in the draft again" not in told
    assert "There is no such purpose in this workspace" in told
