"""Why somebody got a newsletter, or not, or this variant of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from tests.api.conftest import Api
from tests.campaigns.newsdesk import Desk, start_a_test
from troth.campaigns.models import NewsletterRun
from troth.intake.commands import Identify, Identity
from troth.kernel.clock import now_ms
from troth.segments.computing import compute_due
from troth.segments.registry import create_segment
from troth.workspaces.keys import create_key


def _why(desk: Desk, made: int, name: str) -> list[dict[str, Any]]:
    api = Api(create_key(desk.post.workspace, "api", scopes=frozenset({"messages:read"})))
    told: list[dict[str, Any]] = api.json("GET", f"/people/external_id:{name}/why?newsletter={made}")
    assert all(story["newsletter"] == made for story in told)
    return told


def test_why_somebody_got_it_or_not_is_told_with_the_reason_of_each(desk: Desk) -> None:
    segment = create_segment(desk.post.workspace.pk, name="Pros", definition={"attribute": "plan", "op": "equals", "value": "pro"})
    for name, plan in (("alice", "pro"), ("bob", "free")):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name), attributes={"plan": plan}, **desk.post.common))
    made = desk.draft(segment_id=segment.pk)
    never, now = _why(desk, made, "bob")
    assert never["says"] == "It was never sent, so nobody got it." and now["about"] == "now"
    desk.now = max(desk.now, now_ms())
    while compute_due(desk.now):
        pass
    desk.api.json("POST", f"/newsletters/{made}/start")
    desk.now = max(desk.now, now_ms())
    desk.work()
    sent, now = _why(desk, made, "alice")
    assert (sent["state"], sent["links"][-1]["what"], now["says"]) == ("sent", "hand_over", "Now they would get it, if it were sent.")
    left_out, now = _why(desk, made, "bob")
    assert left_out["says"].startswith("They were not in its segment") and "plan is “pro” does not hold (“free”)" in left_out["says"]
    assert now["says"].startswith("Now they would not get it. Not in the segment “Pros”")
    desk.post.person("late")
    assert _why(desk, made, "late")[0]["says"] == "They were not known yet when it began."


def test_why_somebody_has_this_variant_or_waits_or_is_held_out_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    made = start_a_test(desk, decide="hand", share=50)
    run = NewsletterRun.objects.get()
    told = {name: _why(desk, made, name)[0]["links"] for name in (f"p{number}" for number in range(12))}
    says = {name: next(link["says"] for link in links if link["what"] == "variant") for name, links in told.items()}
    drawn = {text for text in says.values() if "was drawn for them among the 50 % who try them: 1 of 2 parts" in text}
    waits = [name for name, text in says.items() if text.startswith("They were drawn to wait for the better variant, which 50 %")]
    assert drawn and waits and len(drawn) <= 2
    desk.api.json("POST", f"/newsletters/{made}/runs/{run.number}/winner", {"winner": "B"})
    desk.work()
    call_command("newsletter_why", str(desk.post.workspace.pk), str(made), waits[0])
    assert "the better variant: B, for a member chose it." in capsys.readouterr().out
    held = desk.start(holdout=50)
    desk.work()
    texts = [_why(desk, held, f"p{number}")[0]["says"] for number in range(8)]
    assert any("Held out: drawn to get nothing, as 50 % of people are" in text for text in texts)
