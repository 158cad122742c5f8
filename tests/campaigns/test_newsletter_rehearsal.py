"""Rehearsal of a newsletter: it tells what sending it would come to, person by person, and leaves nothing behind."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

from django.core.management import call_command

from tests.campaigns.newsdesk import MAIL, Desk, instant
from tests.members import join
from troth.campaigns.models import Newsletter, NewsletterRun
from troth.campaigns.newsletter_rehearsal import Rehearsal, rehearse_newsletter
from troth.content.models import Template
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.kernel.clock import HOUR, MINUTE, now_ms
from troth.messages.feedback.stops import Stopping, stop_addresses
from troth.messages.limit_settings import read_limits, save_limits
from troth.messages.models import Message, StopReason
from troth.people.models import Identifier
from troth.segments.computing import compute_due
from troth.segments.registry import create_segment
from troth.workspaces.models import SendMode

NOON = instant("2099-03-10T12:00:00Z")
TWO = [MAIL, {"key": "B", "subject": "Other news", "html": "<p>Look</p>", "share": 3}]


def rehearse(made: int, now: int | None = None, **more: Any) -> Rehearsal:
    return rehearse_newsletter(Newsletter.objects.get(pk=made), now=now or now_ms(), **more)


def live(desk: Desk) -> None:
    """People who agreed, and one of each who gets nothing."""
    for number in range(30):
        desk.post.person(f"p{number}")
    desk.post.person("no", consents=False)
    desk.post.person("left")
    desk.post.say(Decide(identity=Identity(external_id="left"), decision=Decision.WITHDRAW, purpose="marketing_email", **desk.post.common))


def test_it_tells_what_sending_it_then_does(desk: Desk) -> None:
    live(desk)
    made = desk.draft(variants=TWO, holdout=20)
    told = rehearse(made)
    desk.api.json("POST", f"/newsletters/{made}/start")
    desk.now += MINUTE
    desk.work()
    assert told.people == told.looked_at == 32
    assert told.is_whole
    real = Counter({("" if state == "sent" else reason): number for (state, reason), number in desk.counts(made).items()})
    assert told.outcomes == real
    assert set(real) == {"", "marketing_email:no_consent", "marketing_email:withdrawn", "holdout:drawn"}
    assert sum(told.variants.values()) == told.would == len(desk.post.sent) == sum(told.by_hour.values())
    assert told.variants["B"] > told.variants["A"] > 0


def test_it_leaves_nothing_behind(desk: Desk) -> None:
    live(desk)
    made = desk.draft()
    before = Template.objects.count()
    assert rehearse(made).would == 30
    assert (Message.objects.count(), NewsletterRun.objects.count(), Template.objects.count()) == (0, 0, before)
    assert desk.state(made) == "draft"


def test_each_hour_is_told_and_quiet_hours_put_off_what_would_disturb(desk: Desk) -> None:
    save_limits(desk.post.workspace.pk, read_limits({"quiet_hours": {"from": "20:00", "until": "10:30"}}))
    for name, zone in (("tokyo", "Asia/Tokyo"), ("lima", "America/Lima")):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name), attributes={"timezone": zone}, **desk.post.common))
    made = desk.draft(schedule={"kind": "local", "day": "2099-03-10", "time": "09:00", "zone": "Europe/Berlin"})
    told = rehearse(made)
    # 10:30 there is 01:30 and 15:30 in UTC.
    assert sorted(told.by_hour) == [instant("2099-03-10T01:00:00Z") // HOUR, instant("2099-03-10T15:00:00Z") // HOUR]
    assert (told.put_off, told.would, told.ends) == (2, 2, instant("2099-03-10T15:30:00Z"))
    says = [link.says for link in told.samples[""][0].story.links]
    assert any("in quiet hours: it goes out at 10:30" in one for one in says), says
    late = desk.draft(schedule={"kind": "local", "day": "2099-03-10", "time": "09:00", "zone": "Europe/Berlin"}, expires_hours=1)
    assert rehearse(late).outcomes == {"expired": 2}


def test_a_throttle_spreads_it_over_hours(desk: Desk) -> None:
    for number in range(7):
        desk.post.person(f"p{number}")
    told = rehearse(desk.draft(per_hour=2, schedule={"kind": "at", "at": "2099-03-10T12:00:00Z"}))
    assert list(told.by_hour.values()) == [2, 2, 2, 1]
    assert (told.begins, told.ends) == (NOON, NOON + 3 * HOUR)


def test_an_address_that_is_shared_stopped_or_missing_gets_what_it_would_get(desk: Desk) -> None:
    for name in ("ann", "twin"):
        desk.post.person(name)
        desk.post.say(Identify(identity=Identity(external_id=name, email="both@example.com"), **desk.post.common))
    desk.post.person("gone")
    tag = Identifier.objects.get(value="gone@example.com").tag
    stop_addresses(desk.post.workspace.pk, [Stopping("email", bytes(tag), StopReason.HARD_BOUNCE, desk.now)])
    made = desk.draft()
    told = rehearse(made)
    desk.api.json("POST", f"/newsletters/{made}/start")
    desk.now += MINUTE
    desk.work()
    real = Counter({("" if state == "sent" else reason): number for (state, reason), number in desk.counts(made).items()})
    assert told.outcomes == real
    assert real["address:had_it_already"] == 1


def test_caps_count_what_people_had(desk: Desk) -> None:
    save_limits(desk.post.workspace.pk, read_limits({"caps": [{"messages": 1, "per": "P7D"}]}))
    desk.post.person("alice")
    desk.start()
    desk.work()
    desk.post.person("bob")
    told = rehearse(desk.draft(), desk.now + MINUTE)
    assert told.outcomes == {"": 1, "cap:workspace": 1}
    assert "No room: the workspace's cap is 1 in 7 days" in told.samples["cap:workspace"][0].story.says


def test_who_waits_for_the_better_variant_gets_it_when_it_is_known(desk: Desk) -> None:
    for number in range(40):
        desk.post.person(f"p{number}")
    variants = [MAIL, {**MAIL, "key": "B", "subject": "Other"}]
    test = {"share": 50, "metric": "clicked", "hours": 4}
    told = rehearse(desk.draft(variants=variants, test=test, schedule={"kind": "at", "at": "2099-03-10T12:00:00Z"}))
    assert told.looked_at == told.would == 40
    assert told.decides == NOON + 4 * HOUR == told.ends
    assert told.by_hour[(NOON + 4 * HOUR) // HOUR] == told.variants["waits"] > 5


def test_of_many_people_some_are_looked_at_as_chance_has_them(desk: Desk) -> None:
    for number in range(60):
        desk.post.person(f"p{number}")
    told = rehearse(desk.draft(), most=20)
    assert told.people == 60
    assert not told.is_whole
    assert 0 < told.looked_at < 45
    assert told.would == told.looked_at


def test_what_cannot_be_sent_is_refused_as_starting_it_is_and_what_holds_it_back_is_told(desk: Desk) -> None:
    desk.post.person("alice")
    broken = desk.draft(variants=[{**MAIL, "html": "<p>{{ person.first_name"}])
    refused = desk.api("POST", f"/newsletters/{broken}/rehearsal", {})
    assert refused.status_code == 400
    assert "Variant A" in refused.json()["message"]
    desk.post.workspace.send_mode = SendMode.OFF
    desk.post.workspace.save()
    told = desk.api.json("POST", f"/newsletters/{desk.draft()}/rehearsal", {})
    assert (told["held"], told["outcomes"][0]["outcome"], told["outcomes"][0]["people"]) == ("sending_off", "sent", 1)
    assert told["outcomes"][0]["samples"] == []


def test_console_and_terminal_tell_it_with_persons_only_to_who_may_see_them(desk: Desk) -> None:
    live(desk)
    made, workspace = desk.draft(), desk.post.workspace
    page = f"/console/{workspace.pk}/newsletters/{made}/rehearsal"
    marketer = join(workspace, "marketer")
    assert page in marketer.get(f"/console/{workspace.pk}/newsletters/{made}").content.decode()
    assert "Would be sent" not in marketer.get(page).content.decode()
    seen = join(workspace, "developer").get(f"{page}?rehearse=yes").content.decode()
    assert "p0@example.com" in seen
    assert "left out: the consent was withdrawn" in seen.lower()
    hidden = join(workspace, "viewer").get(f"{page}?rehearse=yes").content.decode()
    assert "Would be sent" in hidden
    assert "@example.com" not in hidden.replace("viewer@example.com", "")
    out, plain = io.StringIO(), io.StringIO()
    call_command("newsletter_rehearse", str(workspace.pk), str(made), stdout=out)
    assert "30  would be sent" in out.getvalue()
    assert "1  marketing_email:withdrawn" in out.getvalue()
    call_command("newsletter_rehearse", str(workspace.pk), str(made), "--json", stdout=plain)
    assert json.loads(plain.getvalue())["outcomes"][""] == 30


def test_a_segment_that_is_not_known_yet_is_told_and_only_its_people_are_looked_at(desk: Desk) -> None:
    for name in ("ann", "ben"):
        desk.post.person(name)
    desk.post.say(Identify(identity=Identity(external_id="ann"), attributes={"plan": "pro"}, **desk.post.common))
    condition = {"attribute": "plan", "op": "equals", "value": "pro"}
    segment = create_segment(desk.post.workspace.pk, name="Pro", definition=condition, now=now_ms())
    made = desk.draft(segment_id=segment.pk)
    assert "“Pro” has not been computed yet" in rehearse(made).waits_for
    while compute_due(now_ms()):
        pass
    told = rehearse(made)
    assert (told.waits_for, told.people, told.would) == ("", 1, 1)
