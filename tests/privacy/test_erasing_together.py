"""Many people are erased at once as they would be one after the other: each with a request, an entry in the ledger and a certificate of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planted import DANA
from test_downstream import House

from tests.evidence import GIVEN
from troth.consent.suppression import is_suppressed
from troth.intake.commands import Decide, Decision, Delete, Device, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject, stores
from troth.kernel.worker import drain
from troth.people.lookup import PersonNotFound, find_people, find_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.desk.bulk import take_for_many
from troth.privacy.desk.cases import open_request
from troth.privacy.desk.steps import Step
from troth.privacy.erasure.erasing import Erasure, erase_many, erase_person, erase_together
from troth.privacy.erasure.kept import list_kept
from troth.privacy.erasure.orders import carry_out_orders
from troth.privacy.erasure.restore_guard import is_behind, position, replay_if_behind
from troth.privacy.history import By
from troth.privacy.inventory.storing import count_all
from troth.privacy.models import InventoryItem, PrivacyRequest, RequestState, RequestType
from troth.privacy.models.disclosures import RecipientNotice
from troth.privacy.retention.holds import place_hold
from troth.privacy.storage.ledger_file import Entry, append, entries, last_number

CLERK = By("console", 1, "privacy_officer")


def arrive(workspace_id: int, names: Sequence[str], **shared: str) -> list[Subject]:
    """People with events, decisions and attributes; `shared` gives addresses by name."""
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": workspace_id, "source": "api", "received_at": now}
    for number, name in enumerate(names):
        who = Identity(
            external_id=f"{name}-external-1",
            email=shared.get(name, f"{name}@example.com"),
            devices=(Device(token=f"device-of-{name}", platform="ios"),),
        )
        apply(
            [
                Identify(identity=who, attributes={"city": "Köln", "contract": f"C-{name}"}, **about),
                Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence=GIVEN, **about),
                *[
                    Track(identity=who, name="Bought", ts=now, properties={"n": n}, dedupe=f"{name}{n}", dedupe_ms=60_000, **about)
                    for n in range(number + 1)
                ],
            ],
            now=now,
        )
    drain(now)
    return [find_person(workspace_id, f"{name}-external-1") for name in names]


def erasures_of(subjects: Sequence[Subject]) -> list[Erasure]:
    return [Erasure(subjects=[subject], source="cli") for subject in subjects]


def claims_of(request: PrivacyRequest | Exception | None) -> dict[str, Any]:
    assert isinstance(request, PrivacyRequest)
    request.refresh_from_db()
    return verify_certificate(request.certificate)


def test_each_has_a_request_an_entry_and_a_certificate_of_their_own_and_nothing_is_left_of_any(dana: Subject) -> None:
    others = arrive(dana.workspace_id, ["ann", "ben"])
    count_all(now_ms())

    done = erase_together(erasures_of([others[0], dana, others[1]]), now=now_ms())

    assert not any(list(store.export(subject)) for subject in (dana, *others) for store in stores())
    assert [entry.request for entry in entries()] == [str(request.pk) for request in done if request]
    ann, own, ben = map(claims_of, done)
    assert (ann["records_deleted"]["people.events"], ben["records_deleted"]["people.events"]) == (1, 2)
    assert own["records_deleted"]["people.events"] == 10 and "messages.messages" in own["records_deleted"]
    assert "messages.messages" not in ann["records_deleted"]
    assert is_suppressed(dana.workspace_id, "ben@example.com") and is_suppressed(dana.workspace_id, DANA["phone"])
    assert find_people(dana.workspace_id, "bob-external-1"), "who asked for nothing stays"
    assert sum(InventoryItem.objects.filter(event="bought", kind="event").values_list("count", flat=True)) == 1, "Bob's"
    assert [step.facts["ledger_entry"] for request in done if request for step in request.history.all()] == [1, 2, 3]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(addresses=st.lists(st.integers(0, 2), min_size=3, max_size=4), order=st.randoms(use_true_random=False), stays=st.integers(0, 2))
def test_together_and_one_after_the_other_come_to_the_same(workspace: Any, addresses: list[int], order: Any, stays: int) -> None:
    """Whoever shares an address with whom; one of those who share stays."""
    from troth.workspaces.registry import create_workspace

    names = [f"p{number}" for number in range(len(addresses))]
    ways = []
    for together in (True, False):
        own = create_workspace(f"W{now_ms()}").workspace.pk
        people = arrive(
            own, [*names, "stays"], **{n: f"box{a}@example.com" for n, a in zip([*names, "stays"], [*addresses, stays], strict=True)}
        )
        leaving = people[:-1]
        order.seed(1)
        order.shuffle(leaving)
        before = last_number()
        if together:
            done: list[Any] = erase_together(erasures_of(leaving), now=now_ms())
        else:
            done = [erase_person(subject, now=now_ms(), source="cli") for subject in leaving]
        lines = list(entries(before))
        records = [claims_of(request)["records_deleted"] for request in done]
        suppressed = [is_suppressed(own, f"box{number}@example.com") for number in range(3)]
        ways.append((records, [len(line.tags) for line in lines], suppressed, bool(find_people(own, "stays-external-1"))))
    assert ways[0] == ways[1]


def test_orders_of_machines_are_carried_out_together(workspace: Any) -> None:
    people = arrive(workspace.pk, [f"m{number}" for number in range(12)])
    now = now_ms()
    gone = people[3]
    for number in range(12):
        who = Identity(external_id=f"m{number}-external-1")
        apply([Delete(identity=who, workspace_id=workspace.pk, source="vero", received_at=now)], now=now)
    erase_person(gone, now=now, source="cli")

    with CaptureQueriesContext(connection) as one_by_one:
        carry_out_orders(now)

    assert last_number() == position() == 12
    assert PrivacyRequest.objects.filter(source="vero", state=RequestState.DELETED).count() == 11
    deletions = [query for query in one_by_one if query["sql"].startswith('DELETE FROM "people_event"')]
    assert len(deletions) == 1, "one statement for many people"


def test_what_is_held_is_kept_of_whom_it_is_held(workspace: Any) -> None:
    ann, ben, eva = arrive(workspace.pk, ["ann", "ben", "eva"])
    about: dict[str, Any] = {"ground": "a claim", "until": now_ms() + DAY, "now": now_ms()}
    place_hold(workspace.pk, person_id=ben.person_id, kind="attribute", name="contract", **about)
    place_hold(workspace.pk, kind="event", event="bought", **about)

    done = erase_together(erasures_of([ann, ben, eva]), now=now_ms())

    exempted = [{one["item"] for one in claims_of(request)["exempted"]} for request in done]
    assert exempted == [{"event bought"}, {"attribute contract", "event bought"}, {"event bought"}]
    assert [len(entry.held) for entry in entries()] == [1, 2, 1]
    assert len(list_kept(workspace.pk)) == 4


def test_recipients_are_told_of_each_and_each_certificate_names_its_own(workspace: Any) -> None:
    house = House(workspace)
    ben, eva = arrive(house.workspace.pk, ["ben", "eva"])
    house.processor(channels=[7])
    for subject in (house.ann, ben):
        house.went("channel", 7, what="email", subject=subject)

    ann_done, ben_done, eva_done = erase_together(erasures_of([house.ann, ben, eva]), now=house.now)

    assert {notice.request_id for notice in RecipientNotice.objects.all()} == {ann_done and ann_done.pk, ben_done and ben_done.pk}
    assert [one["recipient"] for one in claims_of(ben_done)["recipients"]] == ["Mailer Ltd"]
    assert "recipients" not in claims_of(eva_done)


def test_a_crash_amid_the_ledgers_lines_erases_whole_people_or_leaves_them_whole(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    people = arrive(workspace.pk, ["ann", "ben", "eva"], eva="ann@example.com")

    def cut_off(fresh: Sequence[Entry]) -> None:
        append(fresh[:2])
        with (data_dir / "ledger" / "erasures.ndjson").open("ab") as file:
            file.write(b'{"number":3,"at":17')
        raise SystemExit("killed while the lines were written")

    with monkeypatch.context() as patch:
        patch.setattr("troth.privacy.erasure.erasing.append", cut_off)
        with pytest.raises(SystemExit):
            erase_together(erasures_of(people), now=now_ms())
    assert is_behind() and find_people(workspace.pk, "ben-external-1"), "the database knows nothing yet"

    assert replay_if_behind() == 2

    assert not find_people(workspace.pk, "ann-external-1") and not find_people(workspace.pk, "ben-external-1")
    assert find_people(workspace.pk, "ann@example.com") == [people[2]], "the address is also Eva's, whose erasure had not begun"
    assert [type(one) for one in erase_many(erasures_of(people), now=now_ms())] == [PersonNotFound, PersonNotFound, PrivacyRequest]
    assert last_number() == position() == 3 and is_suppressed(workspace.pk, "ann@example.com")


def test_one_that_fails_keeps_no_other_waiting(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.privacy.erasure import deletion

    ann, ben, eva = arrive(workspace.pk, ["ann", "ben", "eva"])
    place_hold(workspace.pk, person_id=ben.person_id, ground="a claim", until=now_ms() + DAY, now=now_ms())
    whole = deletion.set_aside

    def refuse(subject: Subject, held: Any, *rest: Any, **more: Any) -> Any:
        if held:
            raise OSError("the key cannot be read")
        return whole(subject, held, *rest, **more)

    monkeypatch.setattr(deletion, "set_aside", refuse)

    outcomes = list(erase_many(erasures_of([ann, ben, eva]), now=now_ms()))

    assert [type(outcome) for outcome in outcomes] == [PrivacyRequest, OSError, PrivacyRequest]
    assert find_people(workspace.pk, "ben@example.com") == [ben]
    assert last_number() == position() == 2


def test_somebody_with_very_many_events_goes_alone(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    people = arrive(workspace.pk, [f"e{number}" for number in range(5)])  # with 1, 2, … 5 events
    monkeypatch.setattr("troth.privacy.erasure.erasing.EVENTS_TOGETHER", 4)
    portions = []
    monkeypatch.setattr("troth.privacy.erasure.erasing.append", lambda fresh: (portions.append(len(fresh)), append(fresh))[0])

    assert len(list(erase_many(erasures_of(people), now=now_ms()))) == 5

    assert portions == [2, 1, 1, 1]


def test_the_desk_erases_many_and_says_who_could_not_be(workspace: Any) -> None:
    now = now_ms()
    ann, ben = arrive(workspace.pk, ["ann", "ben"])
    first, second, again = (open_request(one, RequestType.ERASURE, by=CLERK, now=now, means="login") for one in (ann, ben, ann))
    unproven = open_request(ben, RequestType.ERASURE, by=CLERK, now=now)

    done, refused = take_for_many(
        workspace.pk, [first.pk, unproven.pk, again.pk, second.pk], Step.CARRY_OUT, by=CLERK, now=now, text="You are erased."
    )

    assert done == [first.pk, second.pk] and set(refused) == {unproven.pk, again.pk}
    assert [entry.request for entry in entries()] == [str(first.pk), str(second.pk)]
    first.refresh_from_db()
    assert first.state == RequestState.DELETED
    step = first.history.order_by("-id")[0]
    assert (step.user_id, step.facts["means"], step.facts["told"]) == (1, "login", "otherwise")
