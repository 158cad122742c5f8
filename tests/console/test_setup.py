"""The set-up page: each step turns done by what happened, and what is copied names this installation."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.members import join
from troth.intake.commands import Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.workspaces.models import Key


def read(client: Client, workspace: Any, rest: str = "") -> str:
    answer = client.get(f"/console/{workspace.pk}/settings/setup{rest}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def done(page: str) -> list[str]:
    """The steps that are shown as done."""
    return [title for mark, title in re.findall(r"<li( class=\"done\")?>.*?<strong>([^<]+)</strong>", page, re.DOTALL) if mark]


def test_each_step_is_done_when_it_happened(workspace: Any, settings: Any) -> None:
    from troth.campaigns.editing import create_campaign
    from troth.campaigns.publishing import publish_campaign
    from troth.kernel.worker import drain

    client = join(workspace, "developer")
    Key.objects.all().delete()
    settings.TROTH_EMAIL_URL = ""
    page = read(client, workspace)
    assert done(page) == []
    assert "every 2s" in page
    from troth.workspaces.keys import create_key

    create_key(workspace, "server", label="auth_token")
    assert done(read(client, workspace, "/steps")) == ["Make a key"]
    now = now_ms()
    event = {"workspace_id": workspace.pk, "source": "vero", "received_at": now, "ts": now}
    apply([Track(identity=Identity(external_id="42", email="dana@example.com"), name="Signed up", **event)], now=now)
    assert done(read(client, workspace, "/steps"))[1:] == ["Send the first event"]
    publish_campaign(
        create_campaign(workspace.pk, name="Receipt", trigger_event="bought", purpose="service", subject="Hi", html="<p>Hi</p>")
    )
    assert done(read(client, workspace, "/steps"))[2:] == ["Publish a campaign"]
    apply([Track(identity=Identity(external_id="42"), name="bought", **event)], now=now)
    drain(now)
    settings.TROTH_EMAIL_URL = "smtp://mail.example"
    assert done(read(client, workspace, "/steps")) == [
        "Make a key",
        "Send the first event",
        "Connect your mail server",
        "Publish a campaign",
        "See the first message leave",
    ]


def test_another_workspaces_events_are_not_ours(workspace: Any) -> None:
    from troth.workspaces.registry import create_workspace

    other, now = create_workspace("Other").workspace, now_ms()
    apply([Track(identity=Identity(external_id="1"), name="x", workspace_id=other.pk, source="vero", received_at=now, ts=now)], now=now)
    assert "Send the first event" not in done(read(join(workspace, "owner"), workspace))


def test_what_is_copied_names_this_installation_and_no_real_key(workspace: Any, settings: Any) -> None:
    from troth.console.setup.snippets import SNIPPETS

    settings.TROTH_URL = "https://troth.acme.example"
    client = join(workspace, "developer")
    for snippet in SNIPPETS:
        page = read(client, workspace, f"?client={snippet.code}")
        assert "https://troth.acme.example" in page
        assert "YOUR_KEY" in page
        assert f'aria-current="page">{snippet.name}</a>' in page
        for text in ("TROTH_URL", *Key.objects.values_list("digest", flat=True)):
            assert text not in page
    assert 'aria-current="page">curl</a>' in read(client, workspace, "?client=nonsense")


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("marketer", 200), ("privacy_officer", 200), ("viewer", 403)])
def test_those_who_see_settings_see_it(workspace: Any, role: str, status: int) -> None:
    assert join(workspace, role).get(f"/console/{workspace.pk}/settings/setup").status_code == status
