"""Membership is live: it follows what people do, decide and are, and time when nothing happens; who may not be chosen is never in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from tests.segments.shop import Shop
from troth.consent.catalog import forget_catalogs, load_catalog
from troth.consent.models import Purpose
from troth.intake.commands import Decision
from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND
from troth.kernel.ids import BUCKETS
from troth.messages.limit_settings import Limits, save_limits
from troth.segments import kinds
from troth.segments.attributes import TagKind
from troth.segments.checks import check_segments
from troth.segments.computing import FEWEST, _next_pace
from troth.segments.kinds import Leaf, Moment
from troth.segments.membership import Cause, is_member, members_where
from troth.segments.models import Mark, Membership, Progress, Segment, Timer
from troth.segments.registry import archive_segment, get_segment, update_segment
from troth.segments.sql import Sql

PRO = {"attribute": "plan", "op": "equals", "value": "pro"}
SILENT = {"all": [{"event": "login", "op": "did"}, {"event": "login", "op": "did_not", "within": "P7D"}]}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def test_a_new_segment_holds_those_who_meet_it_and_agreed(shop: Shop) -> None:
    ada, bob = shop.person("ada", plan="pro"), shop.person("bob", plan="free")
    eve = shop.person("eve", "marketing_email", plan="pro")
    segment = shop.segment(PRO)
    assert shop.members(segment) == {ada.person_id}
    assert is_member(shop.pk, segment.pk, ada.person_id)
    assert not is_member(shop.pk, segment.pk, bob.person_id)
    assert not is_member(shop.pk, segment.pk, eve.person_id)
    assert not is_member(shop.pk + 1, segment.pk, ada.person_id)
    assert {change.cause for change in shop.news} == {Cause.COMPUTATION}
    assert get_segment(shop.pk, segment.pk).progress.size == 1


def test_people_enter_and_leave_by_what_changes_about_them(shop: Shop) -> None:
    ada = shop.person("ada", plan="free")
    segment = shop.segment({"any": [PRO, {"tag": "vip"}, {"event": "bought", "op": "did", "count": {"at_least": 2}}]})
    shop.pass_time(3 * SECOND)
    shop.news.clear()
    steps: list[tuple[Any, bool]] = [
        (lambda: shop.identify("ada", plan="pro"), True),
        (lambda: shop.identify("ada", plan=None), False),
        (lambda: shop.tag("ada", "vip"), True),
        (lambda: shop.tag("ada", remove=("vip",)), False),
        (lambda: shop.track("ada", "Bought"), False),
        (lambda: shop.track("ada", "bought"), True),
        (lambda: shop.decide("ada", Decision.WITHDRAW, "behavioural_profiling"), False),
        (lambda: shop.decide("ada", Decision.GRANT, "behavioural_profiling"), True),
        (lambda: shop.restrict("ada"), False),
    ]
    for step, expected in steps:
        step()
        assert (ada.person_id in shop.members(segment)) is expected
    assert [change.entered for change in shop.news] == [True, False, True, False, True, False, True, False]
    assert {change.cause for change in shop.news} == {Cause.CHANGE}
    assert Mark.objects.count() == 0


def test_somebody_new_enters_what_asks_for_nothing(shop: Shop) -> None:
    segment = shop.segment({"not": {"tag": "vip"}}, purpose="service")
    ada = shop.person("ada", "marketing_email")
    assert shop.members(segment) == {ada.person_id}


def test_silence_is_noticed_at_the_instant_it_has_lasted(shop: Shop) -> None:
    ada = shop.person("ada")
    segment = shop.segment(SILENT)
    shop.track("ada", "login", ago=DAY)
    shop.pass_time(6 * DAY - 1)
    assert shop.members(segment) == set()
    shop.news.clear()
    shop.pass_time(1)
    assert shop.members(segment) == {ada.person_id}
    assert [change.cause for change in shop.news] == [Cause.TIME]
    shop.track("ada", "login")
    assert shop.members(segment) == set()
    shop.pass_time(7 * DAY)
    assert shop.members(segment) == {ada.person_id}


def test_a_sequence_has_several_steps_each_with_a_gap_of_its_own(shop: Shop) -> None:
    ada, bob = shop.person("ada"), shop.person("bob")
    steps = [{"event": "viewed"}, {"event": "cart", "gap": "PT1H"}, {"event": "bought", "gap": "P1D"}]
    left = shop.segment({"sequence": steps, "op": "without", "within": "P7D"})
    done = shop.segment({"sequence": steps, "op": "then"}, name="done")
    for name, minutes in (("ada", 30), ("bob", 90)):
        shop.track(name, "viewed", ago=minutes * MINUTE)
        shop.track(name, "cart")
    shop.pass_time(DAY - 1)
    assert shop.members(left) == set()
    shop.pass_time(1)
    assert (shop.members(left), shop.members(done)) == ({ada.person_id}, set()), "Bob's cart came too late"
    shop.track("ada", "bought", ago=HOUR)
    assert (shop.members(left), shop.members(done)) == (set(), {ada.person_id})
    assert bob.person_id not in shop.members(done)


def test_a_gap_of_months_ends_with_the_month_that_lacks_the_day(shop: Shop) -> None:
    began = int(datetime(2026, 1, 31, 10, tzinfo=UTC).timestamp()) * SECOND
    march = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * SECOND
    shop.now = march - 2
    ada, bob = shop.person("ada"), shop.person("bob")
    steps = [{"event": "trial"}, {"event": "paid"}]
    left = shop.segment({"sequence": steps, "op": "without", "gap": "P1M"})
    done = shop.segment({"sequence": steps, "op": "then", "gap": "P1M"}, name="done")
    for name in ("ada", "bob"):
        shop.track(name, "trial", ago=shop.now - began)
    shop.track("bob", "paid")
    assert (shop.members(left), shop.members(done)) == (set(), {bob.person_id})
    shop.pass_time(march - shop.now - 1)
    assert shop.members(left) == set(), "February is not over"
    shop.pass_time(1)
    assert shop.members(left) == {ada.person_id}


def test_a_gap_of_a_month_is_over_when_the_persons_own_clock_says_so(shop: Shop) -> None:
    """The clocks of New York go forward between; Kolkata's never do. Who says no zone lives by the workspace's."""
    save_limits(shop.pk, Limits(zone="Europe/Paris"))
    began, day = at("2047-03-05T18:30:00+00:00"), at("2047-04-05T00:00:00+00:00")
    shop.now = day
    segment = shop.segment({"sequence": [{"event": "trial"}, {"event": "paid"}], "op": "without", "gap": "P1M"})
    zones = {"kim": {"timezone": "America/New_York"}, "lea": {}, "asha": {"timezone": "Asia/Kolkata"}}
    people = {name: shop.person(name, **zone).person_id for name, zone in zones.items()}
    for name in people:
        shop.track(name, "trial", ago=shop.now - began)
    put_forward = {people["kim"], people["lea"]}
    for instant, expected in (("17:30", put_forward), ("18:30", set(people.values()))):
        earlier = shop.members(segment)
        shop.pass_time(at(f"2047-04-05T{instant}:00+00:00") - 1 - shop.now)
        assert shop.members(segment) == earlier
        shop.pass_time(1)
        assert shop.members(segment) == expected
    shop.track("kim", "paid", ago=20 * MINUTE)
    assert people["kim"] in shop.members(segment), "too late in New York"
    shop.identify("kim", timezone="Pacific/Honolulu")
    assert people["kim"] not in shop.members(segment), "in time in Honolulu, whose clocks are never changed"


def test_a_workspace_that_moves_to_another_zone_takes_its_months_along(shop: Shop) -> None:
    ada = shop.person("ada")
    segment = shop.segment({"sequence": [{"event": "trial"}, {"event": "paid"}], "op": "without", "gap": "P1M"})
    shop.now = at("2047-04-05T18:00:00+00:00")
    shop.track("ada", "trial", ago=shop.now - at("2047-03-05T18:30:00+00:00"))
    shop.pass_time(5 * SECOND)
    assert shop.members(segment) == set()
    save_limits(shop.pk, Limits(zone="Europe/Paris"))
    shop.pass_time(1)
    assert shop.members(segment) == {ada.person_id}


def test_a_cart_left_for_an_hour_is_noticed_and_a_purchase_in_time_prevents_it(shop: Shop) -> None:
    ada, bob = shop.person("ada"), shop.person("bob")
    steps = [{"event": "cart"}, {"event": "bought"}]
    segment = shop.segment({"sequence": steps, "op": "without", "gap": "PT1H", "within": "P1D"})
    shop.track("ada", "cart")
    shop.track("bob", "cart")
    shop.pass_time(HOUR // 2)
    shop.track("bob", "bought")
    shop.pass_time(HOUR // 2 - 1)
    assert shop.members(segment) == set()
    shop.pass_time(1)
    assert shop.members(segment) == {ada.person_id}
    shop.pass_time(DAY)
    assert shop.members(segment) == set()
    assert bob.person_id not in shop.members(segment)


def test_who_withdraws_is_out_of_every_question_at_once_even_before_the_worker_works(shop: Shop) -> None:
    ada = shop.person("ada", plan="pro")
    segment = shop.segment(PRO)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE consent_stance SET standing = -1 WHERE bucket = %s AND person_id = %s AND purpose = 'behavioural_profiling'",
            [ada.bucket, ada.person_id],
        )
    assert not is_member(shop.pk, segment.pk, ada.person_id)
    where, values = members_where(segment.pk)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM people_person p WHERE {where}", values)
        assert cursor.fetchone()[0] == 0


def test_a_consent_that_ends_by_itself_takes_its_person_out(shop: Shop) -> None:
    load_catalog(shop.pk)
    Purpose.objects.filter(workspace_id=shop.pk, key="behavioural_profiling").update(consent_lasts="P30D")
    forget_catalogs()
    ada = shop.person("ada", plan="pro")
    segment = shop.segment(PRO)
    shop.pass_time(29 * DAY)
    assert shop.members(segment) == {ada.person_id}
    shop.pass_time(2 * DAY)
    assert shop.members(segment) == set()


def test_two_people_who_become_one_are_one_member_and_the_other_leaves_no_trace(shop: Shop) -> None:
    old, new = shop.person("old", plan="pro"), shop.person("new")
    segment = shop.segment({"any": [PRO, SILENT]})
    shop.track("old", "login")
    assert shop.members(segment) == {old.person_id}
    shop.merge("old", "new")
    assert shop.members(segment) == {new.person_id}
    assert not Membership.objects.filter(person_id=old.person_id).exists()
    assert not Timer.objects.filter(person_id=old.person_id).exists()
    assert Progress.objects.get(pk=segment.pk).size == 1


def test_nothing_of_an_erased_person_stays(shop: Shop) -> None:
    ada = shop.person("ada", plan="free")
    segment = shop.segment({"any": [PRO, {"not": SILENT}]})
    shop.track("ada", "login")
    assert shop.members(segment) == {ada.person_id}
    shop.delete("ada")
    assert shop.members(segment) == set()
    assert not any(model.objects.filter(person_id=ada.person_id).exists() for model in (Membership, Timer, Mark))
    assert Progress.objects.get(pk=segment.pk).size == 0


def test_a_changed_definition_is_computed_anew_and_an_archived_segment_is_empty(shop: Shop) -> None:
    ada, bob = shop.person("ada", plan="pro"), shop.person("bob", plan="free")
    segment = shop.segment(PRO)
    inner = shop.segment({"not": {"segment": segment.pk}}, name="others")
    assert shop.members(inner) == {bob.person_id}
    segment = update_segment(segment, definition={**PRO, "value": "free"}, now=shop.now)
    shop.pass_time(SECOND)
    assert (shop.members(segment), shop.members(inner)) == ({bob.person_id}, {ada.person_id})
    archive_segment(inner, now=shop.now)
    shop.work()
    assert shop.members(inner) == set()
    assert segment.version == 2 and segment.versions.count() == 2


class Broken(TagKind):
    """A condition that the database refuses."""

    key = "broken"

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        return Sql("no_such_column = 1")


def test_a_segment_that_cannot_be_computed_holds_up_no_other_and_the_doctor_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, "broken", Broken())
    ada = shop.person("ada")
    broken = Segment.objects.create(workspace_id=shop.pk, name="Broken", definition={"broken": 1}, created_at=shop.now, updated_at=shop.now)
    Progress.objects.create(segment=broken, due_at=shop.now)
    segment = shop.segment(PRO)
    shop.identify("ada", plan="pro")
    assert shop.members(segment) == {ada.person_id}
    assert Mark.objects.count() == 0
    ok, says = check_segments(shop.now)
    assert not ok and says.startswith("1 segments cannot be computed")
    archive_segment(broken, now=shop.now)
    shop.pass_time(SECOND)
    assert check_segments(shop.now)[0]


def test_when_the_rules_of_consent_change_everybody_is_looked_at_again(shop: Shop) -> None:
    ada = shop.person("ada", plan="pro")
    segment = shop.segment(PRO)
    shop.pass_time(3 * SECOND)
    assert shop.members(segment) == {ada.person_id}
    Purpose.objects.filter(workspace_id=shop.pk, key="behavioural_profiling").update(material_since=shop.now + 1)
    forget_catalogs()
    shop.pass_time(2 * SECOND)
    assert shop.members(segment) == set()


def test_slices_follow_what_they_take_and_never_become_so_small_that_their_own_cost_counts() -> None:
    assert [_next_pace(64, took) for took in (5, 50, 500)] == [128, 64, 32]
    assert (_next_pace(FEWEST, 10_000), _next_pace(BUCKETS, 0)) == (FEWEST, BUCKETS)


def test_a_window_of_a_month_ends_on_each_persons_own_clock(shop: Shop) -> None:
    """The clocks of New York and Paris go forward between; Kolkata's never do. Who says no zone lives by the workspace's."""
    save_limits(shop.pk, Limits(zone="Europe/Paris"))
    began = at("2047-03-05T18:30:00+00:00")
    shop.now = at("2047-04-05T00:00:00+00:00")
    zones = {"kim": {"timezone": "America/New_York"}, "lea": {}, "asha": {"timezone": "Asia/Kolkata"}}
    people = {name: shop.person(name, **zone).person_id for name, zone in zones.items()}
    everybody, put_forward = set(people.values()), {people["kim"], people["lea"]}
    recent = shop.segment({"event": "login", "op": "did", "within": "P1M"}, name="recent")
    silent = shop.segment({"event": "login", "op": "did_not", "within": "P1M"}, name="silent")
    twice = shop.segment({"event": "login", "op": "did", "count": {"at_least": 2}, "within": "P1M"}, name="twice")
    old = shop.segment({"event": "login", "op": "did", "older_than": "P1M"}, name="old")
    steps = [{"event": "login"}, {"event": "viewed"}]
    viewed = shop.segment({"sequence": steps, "op": "then", "within": "P1M"}, name="viewed")
    for name in people:
        shop.track(name, "login", ago=shop.now - began)
        shop.track(name, "viewed", ago=shop.now - began - DAY)
    shop.track("kim", "login", ago=DAY)
    kept = {people["kim"]}

    def told() -> tuple[set[int], ...]:
        return tuple(shop.members(segment) for segment in (recent, silent, twice, old, viewed))

    assert told() == (everybody, set(), kept, set(), everybody)
    for instant, left in (("17:30", put_forward), ("18:30", everybody)):
        before = told()
        shop.pass_time(at(f"2047-04-05T{instant}:00+00:00") - 1 - shop.now)
        assert told() == before, "not a moment before"
        shop.pass_time(1)
        assert told() == ((everybody - left) | kept, left - kept, set(), left, everybody - left)
    shop.identify("lea", timezone="Pacific/Honolulu")
    shop.now = at("2047-04-05T18:31:00+00:00")
    shop.pass_time(1)
    assert people["lea"] in shop.members(silent)


def test_a_window_of_months_moves_with_its_person_and_with_the_workspace(shop: Shop) -> None:
    ada = shop.person("ada")
    silent = shop.segment({"event": "login", "op": "did_not", "within": "P1M"})
    shop.now = at("2047-04-05T18:00:00+00:00")
    shop.track("ada", "login", ago=shop.now - at("2047-03-05T18:30:00+00:00"))
    shop.pass_time(5 * SECOND)
    assert shop.members(silent) == set(), "in UTC the month is not over"
    save_limits(shop.pk, Limits(zone="Europe/Paris"))
    shop.pass_time(1)
    assert shop.members(silent) == {ada.person_id}
    shop.identify("ada", timezone="Asia/Kolkata")
    assert shop.members(silent) == set()


def test_a_window_of_months_that_an_active_person_will_not_leave_sets_no_timer(shop: Shop) -> None:
    shop.now = at("2047-04-05T18:00:00+00:00")
    shop.person("ada", timezone="America/New_York")
    segment = shop.segment({"event": "login", "op": "did", "within": "P2M"})
    shop.track("ada", "login", ago=56 * DAY)
    assert Timer.objects.filter(segment_id=segment.pk).count() == 1
    shop.track("ada", "login", ago=DAY)
    assert Timer.objects.filter(segment_id=segment.pk).count() == 0
