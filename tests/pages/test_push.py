"""The script tag for web push, and what a site's service worker imports, as they are served."""

from __future__ import annotations

from typing import Any

from django.test import Client

from troth.kernel.clock import now_ms
from troth.messages.configured import add_channel, public_facts, revise_channel


def test_the_script_carries_the_key_of_the_workspace_that_it_is_for_while_a_channel_is_in_use(workspace: Any, settings: Any) -> None:
    settings.TROTH_URL = "https://troth.example"
    path = f"/w/{workspace.pk}/push.js"
    assert Client().get(path).status_code == 404
    row = add_channel(workspace.pk, "web_push", {"contact": "mailto:ops@acme.example"}, now=now_ms())
    answer = Client().get(path)
    text = answer.content.decode()
    (key,) = public_facts(row).values()
    # What stands in a script is escaped for it.
    assert key.replace("-", "\\u002D") in text and "PRIVATE" not in text
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.cookies
    assert Client().get(f"/w/{workspace.pk + 1}/push.js").status_code == 404
    revise_channel(row, {}, is_active=False, now=now_ms())
    assert Client().get(path).status_code == 404


def test_the_worker_is_served_to_every_site(db: None) -> None:
    answer = Client().get("/w/worker.js")
    assert "showNotification" in answer.content.decode()
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
