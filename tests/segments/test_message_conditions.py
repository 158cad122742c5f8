"""Conditions on messages: what the database says is what the plain evaluator says, and machines that fetch never move anybody."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.segments.definitions import SPANS, T0, WINDOWS
from tests.segments.shop import Shop
from tests.segments.test_one_meaning import make_people, next_flip, select, undone
from troth.intake.commands import Decision
from troth.kernel.clock import DAY, HOUR
from troth.messages.models import Engagement, Message
from troth.messages.segment_conditions import MESSAGES
from troth.segments.changes import Changed, mark
from troth.segments.definition import check_definition
from troth.segments.evaluate import holds, load_facts
from troth.segments.kinds import REACH

SOURCES = st.sampled_from(["campaign:1", "newsletter:2"])
WHATS = st.sampled_from(["received", "delivered", "bounced", "complained", "opened", "clicked"])
LEAVES = st.one_of(
    st.builds(
        lambda what, op, window, source: {"message": what, "op": op, **window, **({"source": source} if source else {})},
        WHATS,
        st.sampled_from(["did", "did_not"]),
        WINDOWS,
        st.one_of(st.none(), SOURCES),
    ),
    st.builds(
        lambda what, times, span: {"message": what, "op": "did", "count": {"at_least": times}, "within": span},
        WHATS,
        st.integers(1, 3),
        SPANS,
    ),
)
MAILS = st.lists(
    st.tuples(
        SOURCES,
        st.sampled_from(["queued", "sent", "delivered", "bounced", "complained", "skipped"]),
        st.sampled_from(["", "", "test_mode"]),
        st.integers(-40 * 24, 0).map(lambda hours: T0 + hours * HOUR),
        st.sampled_from(["", "open", "click", "both"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=4,
)


def write_mails(subject: Any, mails: Any) -> None:
    rows, engaged = [], []
    for number, (source, state, reason, at, measured, times, machine) in enumerate(mails, start=1):
        key = (subject.bucket, subject.person_id, number)
        settled = None if state == "queued" else at
        own = {"bucket": key[0], "person_id": key[1], "message_id": number, "workspace_id": subject.workspace_id, "source": source}
        rows.append(
            Message(
                **own,
                occurrence=number,
                channel="email",
                purpose="service",
                is_marketing=False,
                template_id=0,
                state=state,
                reason=reason,
                due_at=at,
                created_at=at,
                settled_at=settled,
            )
        )
        for kind in {"": (), "both": ("open", "click")}.get(measured, (measured,)):
            seen = at + HOUR if times else None
            engaged.append(
                Engagement(**own, kind=kind, link="", measured_at=at, times=times, first_at=seen, last_at=seen, machine_times=machine)
            )
    Message.objects.bulk_create(rows)
    Engagement.objects.bulk_create(engaged)


@given(LEAVES, MAILS, st.lists(st.integers(0, REACH // HOUR), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_database_agrees_with_the_plain_evaluator_and_time_changes_nothing_unforetold(
    workspace: Any, leaf: Any, mails: Any, later: Any
) -> None:
    def check() -> None:
        check_definition(leaf)
        (subject,) = make_people(workspace.pk, [({}, [], [], {})])
        write_mails(subject, mails)
        facts = load_facts(subject, leaf)
        before, flips = holds(leaf, facts, T0), next_flip(leaf, subject, T0)
        for hours in (0, *later):
            at = T0 + hours * HOUR
            expected = holds(leaf, facts, at)
            assert (subject.person_id in select(leaf, workspace.pk, at)) is expected
            assert expected is before or any(horizon.cutoff(at) >= value for horizon, value in flips)

    undone(check)


def test_who_was_mailed_and_stayed_silent_is_found_only_where_it_was_measured_and_a_machine_is_nobody(shop: Shop) -> None:
    ada = shop.person("ada", "behavioural_profiling", "open_tracking")
    bob = shop.person("bob", "behavioural_profiling", "open_tracking")
    silent = shop.segment({"message": "opened", "op": "did_not", "within": "P7D"}, also_for=["open_tracking"], name="silent")
    opened = shop.segment({"message": "opened", "op": "did"}, also_for=["open_tracking"], name="opened")
    write_mails(ada, [("campaign:1", "sent", "", shop.now, "open", 0, 3)])
    write_mails(bob, [("campaign:1", "sent", "", shop.now, "", 0, 0)])
    mark([Changed(shop.pk, ada.person_id, MESSAGES), Changed(shop.pk, bob.person_id, MESSAGES)])
    shop.work()
    assert (shop.members(silent), shop.members(opened)) == ({ada.person_id}, set())
    Engagement.objects.filter(person_id=ada.person_id).update(times=1, last_at=shop.now)
    mark([Changed(shop.pk, ada.person_id, MESSAGES)])
    shop.work()
    assert (shop.members(silent), shop.members(opened)) == (set(), {ada.person_id})
    shop.decide("ada", Decision.WITHDRAW, "open_tracking")
    assert shop.members(opened) == set()
    shop.pass_time(8 * DAY)
    assert shop.members(silent) == set()
