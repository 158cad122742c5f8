"""However commands are cut into batches, the same comes of them: the door's sets are a faster way to do one after the other."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evidence import GIVEN
from troth.consent.decisions import load_stances
from troth.consent.purposes import assign
from troth.intake.actor import fold_inbox
from troth.intake.commands import Alias, Command, Decide, Decision, Delete, Device, EditTags, Identify, Identity, Outcome, Track
from troth.intake.door import apply
from troth.kernel.clock import MINUTE, now_ms
from troth.kernel.json_text import encode
from troth.people.models import Event, Identifier, IdentifierIndex, Person
from troth.workspaces import registry

NOW = now_ms()

IDENTITIES = st.builds(
    Identity,
    external_id=st.sampled_from([None, None, "1", "2", "a@example.com"]),
    anonymous_id=st.sampled_from([None, None, "x", "y"]),
    email=st.sampled_from([None, None, "a@example.com", "B@example.com", "c+d@gmail.com"]),
    phone=st.sampled_from([None, None, "+33612345678"]),
    devices=st.sampled_from([(), (), (Device(token="t", platform="ios"),)]),
).filter(lambda identity: identity != Identity())
VALUES = st.sampled_from([1, "pro", None, "c.d@gmail.com", ["a@example.com"]])
FACTS = st.dictionaries(st.sampled_from(["plan", "mood", "note"]), VALUES, max_size=2)
SAID: dict[type[Command], dict[str, st.SearchStrategy[Any]]] = {
    Identify: {"attributes": FACTS, "create": st.booleans()},
    Track: {
        "name": st.sampled_from(["Bought", "Scrolled"]),
        "ts": st.just(NOW),
        "properties": FACTS,
        "attributes": FACTS,
        "dedupe": st.sampled_from([None, "k", "l"]),
        "dedupe_ms": st.just(5 * MINUTE),
    },
    EditTags: {"add": st.sampled_from([(), ("x",), ("a@example.com",)]), "remove": st.sampled_from([(), ("x",)])},
    Alias: {"previous": IDENTITIES},
    Decide: {
        "decision": st.sampled_from(Decision),
        "purpose": st.sampled_from([None, "marketing_email", "behavioural_profiling", "unheard_of"]),
        "evidence": st.sampled_from([{}, GIVEN, {"default_state": "checked"}]),
        "method": st.sampled_from(["api", "context"]),
    },
    Delete: {"confirmed": st.booleans()},
}
COMMANDS = st.one_of(
    *(
        st.tuples(st.just(kind), st.fixed_dictionaries({"identity": IDENTITIES, **fields}))
        for kind, fields in SAID.items()
        if kind is not Delete
    ),
    st.tuples(st.just(Track), st.fixed_dictionaries({"identity": IDENTITIES, **SAID[Track]})),
    st.tuples(st.just(Identify), st.fixed_dictionaries({"identity": IDENTITIES, **SAID[Identify]})),
    st.tuples(st.just(Delete), st.fixed_dictionaries({"identity": IDENTITIES, **SAID[Delete]})),
)


@pytest.fixture(autouse=True)
def numbered_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two people who got one address in one millisecond the lower id is asked first: chance must not choose it here."""
    monkeypatch.setattr("troth.intake.plan.new_person_id", itertools.count(1).__next__)


@pytest.fixture(autouse=True)
def no_erasures_left_behind(data_dir: Path) -> Iterator[None]:
    yield
    shutil.rmtree(data_dir / "ledger", ignore_errors=True)


def fresh_workspace(source: str, match_on_email: bool) -> dict[str, Any]:
    made = registry.create_workspace(f"Batches {Person.objects.count()} {now_ms()} {len(registry._matching)}").workspace
    made.match_on_email = match_on_email
    made.save()
    registry._matching.clear()
    assign(made.pk, "event", "scrolled", "behavioural_profiling")
    assign(made.pk, "attribute", "mood", "behavioural_profiling")
    return {"workspace_id": made.pk, "source": source, "received_at": NOW}


def told(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.status, outcome.reason) for outcome in outcomes]


def picture(workspace_id: int) -> list[Any]:
    """Everybody of a workspace and all that is held on them, without ids that chance chose."""
    while fold_inbox(NOW):
        pass
    people = []
    for person in Person.objects.filter(workspace_id=workspace_id):
        key = {"bucket": person.bucket, "person_id": person.person_id}
        identifiers = sorted(Identifier.objects.filter(**key).values_list("kind", "value"))
        found_by = IdentifierIndex.objects.filter(person_id=person.person_id).count()
        stances = load_stances([person.person_id]).get(person.person_id, {})
        events = sorted((event.name, encode(event.properties), event.seq) for event in Event.objects.filter(**key))
        assert [seq for *_, seq in sorted(events, key=lambda e: e[2])] == sorted({seq for *_, seq in events}), "two events with one number"
        assert person.seq >= len(events)
        kept = [(name, properties) for name, properties, _ in events]
        people.append([int(person.state), identifiers, found_by, person.attributes, sorted(person.tags), sorted(stances.items()), kept])
    return sorted(people, key=repr)


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(
    said=st.lists(COMMANDS, min_size=2, max_size=12),
    cuts=st.sets(st.integers(1, 11)),
    source=st.sampled_from(["vero", "segment"]),
    match=st.booleans(),
)
def test_one_batch_and_single_commands_and_any_cut_between_lead_to_the_same(
    said: list[tuple[Any, dict[str, Any]]], cuts: set[int], source: str, match: bool
) -> None:
    pictures, answers = [], []
    for parts in ([0, len(said)], [*range(len(said) + 1)], sorted({0, *(cut for cut in cuts if cut < len(said)), len(said)})):
        common = fresh_workspace(source, match)
        commands = [kind(**fields, **common) for kind, fields in said]
        outcomes: list[Outcome] = []
        for start, end in itertools.pairwise(parts):
            outcomes += apply(commands[start:end], now=NOW)
        answers.append(told(outcomes))
        pictures.append(picture(common["workspace_id"]))

    assert answers[0] == answers[1] == answers[2]
    assert pictures[0] == pictures[1] == pictures[2]
