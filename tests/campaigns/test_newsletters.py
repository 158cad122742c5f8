"""Newsletters through the control API and the worker: everybody once, at their time, nobody against their will, and it always adds up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command

from tests.api.conftest import Api
from tests.messages.posting import Post
from troth.campaigns.models import Newsletter, NewsletterRun
from troth.campaigns.newsletters.deciding import decide_next, finish_done
from troth.campaigns.newsletters.freshness import find_wait
from troth.campaigns.newsletters.gathering import gather_next
from troth.campaigns.newsletters.running import begin_due
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.kernel.clock import DAY, HOUR, MINUTE, now_ms
from troth.messages.models import Engaged, Engagement, Message, State
from troth.messages.sending import send_due
from troth.segments.computing import compute_due, evaluate_marked
from troth.segments.registry import create_segment
from troth.workspaces.keys import create_key

MAIL = {"key": "A", "subject": "News", "html": "<p>Hello {{ person.first_name | default: 'you' }}</p>"}
NEWS = {"name": "Weekly", "purpose": "marketing_email", "variants": [MAIL]}


class Desk:
    """A marketer's API, and a worker whose clock the test holds."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.api = Api(create_key(post.workspace, "api", scopes=frozenset({"campaigns:write"})))
        self.now = now_ms()

    def draft(self, **fields: Any) -> int:
        return int(self.api.json("POST", "/newsletters", {**NEWS, **fields}, status=201)["id"])

    def start(self, **fields: Any) -> int:
        made = self.draft(**fields)
        self.api.json("POST", f"/newsletters/{made}/start")
        self.now = max(self.now, now_ms())
        return made

    def work(self, later: int = 0) -> None:
        """All that the worker does at a moment, `later` from the last."""
        self.now += later
        begin_due(self.now)
        while gather_next(self.now):
            pass
        while decide_next(self.now):
            pass
        while send_due(self.now):
            pass
        finish_done(self.now)

    def state(self, made: int) -> str:
        return str(self.api.json("GET", f"/newsletters/{made}")["state"])

    def run(self, made: int) -> Any:
        return self.api.json("GET", f"/newsletters/{made}/runs")[0]

    def counts(self, made: int) -> dict[tuple[str, str], int]:
        found: Counter[tuple[str, str]] = Counter()
        for one in self.run(made)["counts"]:
            found[one["state"], one["reason"]] += one["messages"]
        return dict(found)

    def got(self) -> list[str]:
        return sorted(outgoing.recipient for outgoing in self.post.sent)


@pytest.fixture
def desk(post: Post) -> Desk:
    return Desk(post)


def test_everybody_who_agreed_gets_it_once_and_the_others_are_told_apart(desk: Desk) -> None:
    for name in ("alice", "bob"):
        desk.post.person(name)
    desk.post.person("carol", consents=False)
    made = desk.start()
    desk.work()
    assert desk.got() == ["alice@example.com", "bob@example.com"]
    assert desk.counts(made) == {("sent", ""): 2, ("skipped", "marketing_email:no_consent"): 1}
    assert desk.run(made)["audience"] == 3
    assert desk.state(made) == "finished"
    desk.work()
    assert len(desk.post.sent) == 2


def test_what_goes_to_everybody_chooses_nobody_by_behaviour(desk: Desk) -> None:
    who = Identity(external_id="dora", email="dora@example.com")
    from tests.evidence import GIVEN

    desk.post.say(
        Identify(identity=who, **desk.post.common),
        Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence=GIVEN, **desk.post.common),
    )
    desk.start()
    desk.work()
    assert desk.got() == ["dora@example.com"]


def test_a_withdrawal_reaches_what_is_queued(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(hold_minutes=10)
    desk.work()
    assert desk.post.sent == []
    who = Identity(external_id="alice")
    desk.post.say(Decide(identity=who, decision=Decision.WITHDRAW, purpose="marketing_email", **desk.post.common))
    desk.work(11 * MINUTE)
    assert desk.post.sent == []
    assert desk.counts(made) == {("skipped", "marketing_email:withdrawn"): 1}


def test_within_the_hold_it_can_be_taken_back(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(hold_minutes=10)
    desk.work(MINUTE)
    assert desk.api.json("POST", f"/newsletters/{made}/cancel")["state"] == "cancelled"
    desk.work(HOUR)
    assert desk.post.sent == []
    assert desk.counts(made) == {("cancelled", ""): 1}


def test_each_person_gets_it_when_their_own_clock_shows_the_time(desk: Desk) -> None:
    for name, zone in (("tokyo", "Asia/Tokyo"), ("lima", "America/Lima"), ("nowhere", "Mars/Olympus")):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name), attributes={"timezone": zone}, **desk.post.common))
    made = desk.start(schedule={"kind": "local", "day": "2099-03-10", "time": "09:00", "zone": "Europe/Berlin"})
    begins = desk.api.json("GET", f"/newsletters/{made}")["next_at"]
    assert begins == "2099-03-09T19:00:00.000Z"
    desk.now = _ms(begins)
    desk.work()
    due = dict(Message.objects.values_list("recipient", "due_at"))
    assert desk.post.sent == [] and len(due) == 1
    desk.work(_ms("2099-03-10T00:00:00Z") - desk.now)
    assert desk.got() == ["tokyo@example.com"]
    desk.work(8 * HOUR)
    assert desk.got() == ["nowhere@example.com", "tokyo@example.com"]
    desk.work(6 * HOUR)
    assert desk.got() == ["lima@example.com", "nowhere@example.com", "tokyo@example.com"]
    assert desk.state(made) == "finished"


def test_only_so_many_go_an_hour(desk: Desk) -> None:
    for number in range(6):
        desk.post.person(f"p{number}")
    made = desk.start(per_hour=2)
    desk.work()
    assert len(desk.post.sent) == 1
    desk.work(HOUR)
    assert len(desk.post.sent) == 3
    desk.work(2 * HOUR)
    assert len(desk.post.sent) == 6
    assert desk.state(made) == "finished"


def _pros(desk: Desk) -> int:
    """A segment of the people of the plan pro, which is alice."""
    for name, plan in (("alice", "pro"), ("bob", "free")):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name), attributes={"plan": plan}, **desk.post.common))
    definition = {"attribute": "plan", "op": "equals", "value": "pro"}
    segment = create_segment(desk.post.workspace.pk, name="Pros", definition=definition)
    return int(segment.pk)


def test_only_the_members_of_its_segment_get_it_and_it_waits_until_that_is_computed(desk: Desk) -> None:
    made = desk.start(segment_id=_pros(desk))
    desk.work()
    assert desk.post.sent == []
    desk.now = now_ms()
    while compute_due(desk.now):
        pass
    desk.work()
    assert desk.got() == ["alice@example.com"]
    assert desk.counts(made) == {("sent", ""): 1}


@pytest.mark.parametrize(("audience", "gets"), [("frozen", ["alice@example.com"]), ("live", [])])
def test_who_leaves_the_segment_before_their_mail_is_due_gets_it_only_of_a_frozen_audience(
    desk: Desk, audience: str, gets: list[str]
) -> None:
    segment_id = _pros(desk)
    while compute_due(now_ms()):
        pass
    made = desk.start(segment_id=segment_id, audience=audience, hold_minutes=5)
    desk.work()
    desk.post.say(Identify(identity=Identity(external_id="alice"), attributes={"plan": "free"}, **desk.post.common))
    while evaluate_marked(now_ms()):
        pass
    desk.work(6 * MINUTE)
    assert desk.got() == gets
    assert sum(desk.counts(made).values()) == 1


def test_one_that_demands_freshness_waits_while_its_segment_lags_and_is_paused_if_that_does_not_end(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    segment_id = _pros(desk)
    desk.now = now_ms()
    while compute_due(desk.now):
        pass
    evaluate_marked(desk.now)
    who = Identity(external_id="bob")
    desk.post.say(Identify(identity=who, attributes={"plan": "pro"}, **desk.post.common))
    changed = now_ms()
    careless, careful = desk.start(segment_id=segment_id), desk.start(segment_id=segment_id, fresh_minutes=5, expires_hours=1)
    desk.now = changed + 6 * MINUTE
    desk.work()
    assert desk.state(careless) == "finished" and desk.state(careful) == "scheduled"
    assert "not fresh enough" in str(find_wait(Newsletter.objects.get(pk=careful), desk.now))
    call_command("newsletter_show", str(desk.post.workspace.pk), careful)
    assert "begins" in capsys.readouterr().out
    evaluate_marked(desk.now)
    desk.work()
    assert desk.state(careful) == "finished"
    assert desk.got() == ["alice@example.com", "alice@example.com", "bob@example.com"]


def test_events_that_no_history_has_yet_count_as_lag(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    segment_id = _pros(desk)
    desk.now = now_ms()
    while compute_due(desk.now):
        pass
    evaluate_marked(desk.now)
    desk.post.say(Track(identity=Identity(external_id="bob"), name="bought", ts=now_ms(), properties={}, **desk.post.common))
    made = desk.start(segment_id=segment_id, fresh_minutes=5, expires_hours=1)
    desk.work(6 * MINUTE)
    assert desk.state(made) == "scheduled" and desk.post.sent == []
    desk.work(HOUR)
    call_command("newsletter_show", str(desk.post.workspace.pk), made)
    assert "not fresh enough" in capsys.readouterr().out
    shown = desk.api.json("GET", f"/newsletters/{made}")
    assert shown["state"] == "paused" and "not fresh enough" in shown["trouble"]
    assert desk.post.sent == []
    desk.api.json("PATCH", f"/newsletters/{desk.draft()}", {"fresh_minutes": 0}, status=422)


def test_people_who_share_an_address_get_it_once(desk: Desk) -> None:
    for name in ("alice", "ally"):
        subject = desk.post.person(name)
        who = Identity(person_id=subject.person_id, email="shared@example.com")
        desk.post.say(Identify(identity=who, **desk.post.common))
    made = desk.start()
    desk.work()
    assert desk.got() == ["shared@example.com"]
    assert desk.counts(made) == {("sent", ""): 1, ("skipped", "address:had_it_already"): 1}


def test_the_hold_out_gets_nothing_and_is_counted(desk: Desk) -> None:
    for number in range(30):
        desk.post.person(f"p{number}")
    made = desk.start(holdout=40)
    desk.work()
    counts = desk.counts(made)
    assert counts["skipped", "holdout:drawn"] > 2
    assert counts["sent", ""] + counts["skipped", "holdout:drawn"] == 30


def test_paused_it_waits_and_resumed_it_goes_on_with_nobody_twice(desk: Desk) -> None:
    for number in range(6):
        desk.post.person(f"p{number}")
    made = desk.start(per_hour=2)
    desk.work()
    assert desk.api.json("POST", f"/newsletters/{made}/pause")["state"] == "paused"
    desk.work(DAY // 4)
    assert len(desk.post.sent) == 1
    assert desk.api.json("POST", f"/newsletters/{made}/resume")["state"] == "sending"
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 6


def test_what_is_too_late_is_not_sent_any_more(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(expires_hours=2)
    begin_due(desk.now)
    gather_next(desk.now)
    desk.work(3 * HOUR)
    assert desk.post.sent == []
    assert desk.counts(made) == {("skipped", "expired"): 1}


def test_it_recurs_and_each_sending_is_counted_by_itself(desk: Desk) -> None:
    desk.post.person("alice")
    made = desk.start(schedule={"kind": "recurring", "cron": "0 9 * * *", "zone": "Europe/Berlin"})
    for _ in range(3):
        desk.now = _ms(desk.api.json("GET", f"/newsletters/{made}")["next_at"])
        desk.work()
    runs = desk.api.json("GET", f"/newsletters/{made}/runs")
    assert [run["number"] for run in runs] == [3, 2, 1]
    assert len(desk.post.sent) == 3
    assert desk.state(made) == "scheduled"
    assert desk.api.json("POST", f"/newsletters/{made}/pause")["state"] == "paused"
    desk.work(5 * DAY)
    assert len(desk.post.sent) == 3


def _tested(desk: Desk, **test: Any) -> int:
    for number in range(40):
        desk.post.person(f"p{number}")
    variants = [MAIL, {"key": "B", "subject": "Bigger news", "html": "<p>Look</p>"}]
    made = desk.start(variants=variants, test={"share": 50, "metric": "clicked", "hours": 4, **test})
    desk.work()
    return made


def _click(variant_template: int, now: int) -> None:
    """Everybody who got a variant agreed to being measured, and followed a link."""
    for message in Message.objects.filter(template_id=variant_template, state=State.SENT):
        for link, times in (("", 0), ("https://example.com/", 1)):
            Engagement.objects.create(
                bucket=message.bucket,
                person_id=message.person_id,
                message_id=message.message_id,
                kind=Engaged.CLICK,
                link=link,
                workspace_id=message.workspace_id,
                source=message.source,
                measured_at=now,
                times=times,
                first_at=now,
                last_at=now,
            )


def test_the_better_variant_goes_to_all_who_waited(desk: Desk) -> None:
    made = _tested(desk, decide="highest")
    first = len(desk.post.sent)
    assert 0 < first < 40
    run = NewsletterRun.objects.get()
    templates = run.plan["templates"]
    _click(templates["B"], desk.now)
    desk.work(3 * HOUR)
    assert len(desk.post.sent) == first
    desk.work(HOUR)
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 40
    shown = desk.run(made)
    assert (shown["winner"], shown["decided_by"]) == ("B", "highest")
    assert desk.state(made) == "finished"
    late = Message.objects.filter(template_id=templates["B"], state=State.SENT).count()
    assert late > 40 - first


def test_where_nothing_can_be_told_the_first_variant_goes_out(desk: Desk) -> None:
    made = _tested(desk)
    desk.work(4 * HOUR)
    desk.work()
    assert (desk.run(made)["winner"], desk.run(made)["decided_by"]) == ("A", "nothing")
    assert len(desk.post.sent) == 40


def test_by_hand_it_waits_until_somebody_chooses(desk: Desk) -> None:
    made = _tested(desk, decide="hand")
    desk.work(30 * DAY)
    assert len(desk.post.sent) < 40
    desk.api.json("POST", f"/newsletters/{made}/runs/1/winner", {"winner": "C"}, status=400)
    desk.api.json("POST", f"/newsletters/{made}/runs/1/winner", {"winner": "B"})
    desk.work()
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 40


def test_a_worker_that_dies_between_batches_leaves_nobody_out_and_nobody_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.campaigns.newsletters import gathering

    monkeypatch.setattr(gathering, "BATCH", 4)
    for number in range(11):
        desk.post.person(f"p{number}")
    desk.start()
    begin_due(desk.now)
    gather_next(desk.now)
    real = gathering.enqueue

    def dies(messages: Any, now: int) -> int:
        real(messages, now)
        raise KeyboardInterrupt

    monkeypatch.setattr(gathering, "enqueue", dies)
    with pytest.raises(KeyboardInterrupt):
        gather_next(desk.now)
    monkeypatch.setattr(gathering, "enqueue", real)
    desk.work()
    assert len(desk.got()) == len(set(desk.got())) == 11


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


def _ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_the_command_lists_starts_and_tells_what_became_of_everybody(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import call_command

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
    made = _tested(desk, decide="hand", share=50)
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
