"""The data inventory: what is stored is counted under its name, with its form and category, and leaves with the person."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.consent.purposes import assign
from troth.intake.commands import Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.json_text import encode
from troth.kernel.worker import drain
from troth.people.lookup import find_person
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.inventory.counting import MOST_NAMES, OFTEN, OTHERS, Counts, Key
from troth.privacy.inventory.drift import check_inventory, find_drift, watch_drift
from troth.privacy.inventory.reading import CategoryUnknown, Item, correct_category, read_inventory
from troth.privacy.inventory.recognising import recogniser
from troth.privacy.inventory.rules import category_of_name, category_of_value, safe_name, shape_of
from troth.privacy.inventory.storing import count_all
from troth.privacy.models import InventoryItem, InventoryPosition


def know(workspace: Any, who: str, attributes: dict[str, Any] | None = None, **events: dict[str, Any]) -> None:
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": workspace.pk, "source": "vero", "received_at": now, "identity": Identity(external_id=who)}
    tracks = [Track(name=name, ts=now, properties=properties, **about) for name, properties in events.items()]
    apply([Identify(attributes=attributes or {}, **about), *tracks], now=now)
    drain(now + DAY)


def stored(workspace: Any) -> dict[str, Item]:
    return {item.title: item for item in read_inventory(workspace.pk)}


def test_what_comes_in_is_counted_with_form_source_and_category_and_no_value(workspace: Any) -> None:
    know(workspace, "dana", {"contact_mail": "dana@example.com", "plan": "pro"}, bought={"amount": 12, "ship_to": {"city": "Köln"}})
    know(workspace, "erin", {"plan": "free"}, bought={"amount": 9.5, "gift": True})
    count_all(now_ms())
    found = stored(workspace)
    assert (found["bought"].count, found["plan"].count, found["bought · gift"].count) == (2, 2, 1)
    assert found["bought · amount"].types == Counter(number=2)
    assert found["bought · ship_to.city"].category == "location"
    assert (found["contact_mail"].category, [*found["contact_mail"].shapes]) == ("contact", ["a@a.a"])
    assert found["bought"].doors == Counter(vero=2)
    assert found["plan"].first_day == now_ms() // DAY
    kept = encode(list(InventoryItem.objects.values()))
    assert "dana@" not in kept
    assert "Köln" not in kept


def test_an_event_that_was_there_before_is_counted_once_by_the_walk(workspace: Any) -> None:
    know(workspace, "dana", bought={"n": 1})
    InventoryItem.objects.all().delete()
    InventoryPosition.objects.all().delete()
    know(workspace, "dana", bought={"n": 2})
    count_all(now_ms())
    assert stored(workspace)["bought"].count == 2


def test_what_an_erased_person_counted_is_taken_off_and_names_of_theirs_alone_go(workspace: Any) -> None:
    know(workspace, "dana", {"nickname_of_dana": "D", "plan": "pro"}, bought={"n": 1}, wrote_to_dana={"text": "hi"})
    know(workspace, "erin", {"plan": "pro"}, bought={"n": 1})
    count_all(now_ms())
    assert "nickname_of_dana" in stored(workspace)
    erase_person(find_person(workspace.pk, "dana"), now=now_ms(), source="cli")
    found = stored(workspace)
    assert set(found) == {"plan", "bought", "bought · n"}
    assert (found["plan"].count, found["bought"].count, found["bought"].doors) == (1, 1, Counter(vero=1))


def test_a_name_that_is_somebodys_address_is_not_kept(workspace: Any) -> None:
    know(workspace, "dana", {"seen dana@example.com": 1}, **{"invited dana@example.com": {"+4930123456": True}})
    count_all(now_ms())
    assert "dana" not in encode([*InventoryItem.objects.values()])
    assert stored(workspace)["‹a a@a.a›"].count == 1


def test_who_makes_names_of_ids_does_not_fill_the_table(workspace: Any) -> None:
    for start in (0, 200):
        know(workspace, "dana", viewed={f"key{n}": 1 for n in range(start, start + 200)})
    found = [item for item in read_inventory(workspace.pk) if item.kind == "property"]
    assert len(found) == MOST_NAMES + 1
    assert next(item for item in found if item.name == OTHERS).count == 400 - MOST_NAMES
    assert sum(item.count for item in found) == 400


def test_a_correction_stands_above_the_rules_until_it_is_taken_back(workspace: Any) -> None:
    know(workspace, "dana", {"blood": "0"})
    count_all(now_ms())
    assert stored(workspace)["blood"].category == "special"
    correct_category(workspace.pk, "attribute", "", "blood", "none", now=1)
    assert (stored(workspace)["blood"].category, stored(workspace)["blood"].is_corrected) == ("none", True)
    correct_category(workspace.pk, "attribute", "", "blood", "", now=2)
    assert stored(workspace)["blood"].category == "special"
    with pytest.raises(CategoryUnknown, match="nothing is stored"):
        correct_category(workspace.pk, "attribute", "", "unknown", "none", now=3)


def test_segments_campaigns_newsletters_and_templates_are_told_as_users(workspace: Any) -> None:
    from troth.campaigns.editing import create_campaign
    from troth.segments.registry import create_segment

    know(workspace, "dana", {"plan": "pro", "shoe": 39}, bought={"amount": 1, "colour": "red"}, left={})
    count_all(now_ms())
    where = {"property": "amount", "op": "greater", "value": 1}
    create_segment(workspace.pk, name="Buyers", definition={"event": "bought", "op": "did", "where": where}, purpose="service")
    mail = {"subject": "Hi", "html": "<p>{{ person.plan }} {{ event.properties.colour }}</p>"}
    create_campaign(workspace.pk, name="Thanks", trigger_event="bought", purpose="service", **mail)
    found = {title: [use.title for use in item.used_by] for title, item in stored(workspace).items()}
    assert found == {
        "bought": ["Thanks", "Buyers"],
        "bought · amount": ["Buyers"],
        "bought · colour": ["Thanks"],
        "left": [],
        "plan": ["Thanks"],
        "shoe": [],
    }


def test_what_is_not_declared_alarms_once_somebody_began_to_declare(workspace: Any) -> None:
    know(workspace, "dana", {"plan": "pro"}, bought={"amount": 1})
    count_all(now_ms())
    drift = find_drift(workspace.pk)
    assert ([item.title for item in drift.unassigned], drift.alarms) == (["plan", "bought"], 0)
    assign(workspace.pk, "attribute", "plan", "service")
    assert find_drift(workspace.pk).alarms == 1
    watch_drift(now_ms())
    ok, says = check_inventory(now_ms())
    assert not ok
    assert f"1 in workspace {workspace.pk}" in says


def test_health_under_a_purpose_that_is_not_declared_for_it_always_alarms(workspace: Any) -> None:
    from troth.consent.purposes import PurposeTerms, create_purpose

    know(workspace, "dana", {"diagnosis": "flu"})
    count_all(now_ms())
    assert [item.title for item in find_drift(workspace.pk).sensitive] == ["diagnosis"]
    create_purpose(workspace.pk, "care", PurposeTerms(name="Care", special_category=True, data_categories=["health"]), now=1)
    assign(workspace.pk, "attribute", "diagnosis", "care")
    drift = find_drift(workspace.pk)
    assert (drift.sensitive, drift.undeclared) == ([], [])


def test_the_command_prints_items_and_fails_on_drift(workspace: Any) -> None:
    know(workspace, "dana", {"diagnosis": "flu"})
    told = io.StringIO()
    call_command("privacy_inventory", str(workspace.pk), "--count", "--json", stdout=told)
    assert [(item["name"], item["category"], item["shapes"]) for item in json.loads(told.getvalue())] == [("diagnosis", "special", ["a"])]
    with pytest.raises(SystemExit):
        call_command("privacy_inventory", str(workspace.pk), "--drift", stdout=told)
    call_command("privacy_inventory", str(workspace.pk), "--correct", "attribute", "", "diagnosis", "none", stdout=told)
    call_command("privacy_inventory", str(workspace.pk), "--drift", stdout=told)


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("DE89 3704 0044 0532 0130 00", "financial"),
        ("DE89370400440532013001", ""),
        ("4111 1111 1111 1111", "financial"),
        (4111111111111111, "financial"),
        (4111111111111112, ""),
        ("+49 30 123456", "contact"),
        ("dana@example.com", "contact"),
        ("2001:db8::1", "technical"),
        ("10.0.0.1", "technical"),
        ("1.2", ""),
        ("I had a very good time", "free_text"),
        (True, ""),
    ],
)
def test_values_prove_their_category(value: Any, category: str) -> None:
    assert category_of_value(value) == category


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("firstName", "identity"),
        ("product_name", ""),
        ("dateOfBirth", "demographic"),
        ("IBAN", "financial"),
        ("health_status", "special"),
        ("plan", ""),
        ("billing-email", "contact"),
        ("geburtsdatum", "demographic"),
    ],
)
def test_names_speak_for_a_category(name: str, category: str) -> None:
    assert category_of_name(name) == category


values = (
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=60)
)


@given(values)
def test_a_shape_has_no_letter_or_figure_of_the_value(value: Any) -> None:
    assert set(shape_of(value)) <= set(" @.-_/+:,#|?aA9…htps") | {"…"}
    assert isinstance(safe_name(str(value)), str)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.dictionaries(st.sampled_from("xyz"), values, max_size=3)), max_size=30))
def test_events_are_counted_as_counting_one_by_one_would(events: list[tuple[str, dict[str, Any]]]) -> None:
    counts = Counts()
    counts.add_events([(1, name, 5 * DAY, "api", encode(properties)) for name, properties in events])
    plain: Counter[Key] = Counter()
    for name, properties in events:
        plain[Key(1, "event", name, "")] += 1
        plain.update(Key(1, "property", name, inner) for inner in properties)
    assert {key: tally.count for key, tally in counts.finish().items()} == plain


nested = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pq"), inner, max_size=2), max_leaves=5
)
forms = st.dictionaries(st.sampled_from(["x", "y", 'of "z"', "ä.*"]), nested, max_size=3)


@settings(max_examples=25)
@given(st.lists(forms, min_size=1, max_size=4))
def test_events_whose_form_is_recognised_are_counted_as_if_they_were_read(some: list[dict[str, Any]]) -> None:
    texts = [text for properties in some for text in (encode(properties), json.dumps(properties, ensure_ascii=False))]
    rows = [(1, "seen", day * DAY, "api", text) for day in range(OFTEN + 4) for text in texts]
    counts = Counts()
    counts.add_events(rows)
    plain: dict[Key, Counter[str]] = {}
    for row in rows:
        alone = Counts()
        alone.add_events([row])
        for key, tally in alone.finish().items():
            plain.setdefault(key, Counter()).update(tally.types)
    assert {key: tally.types for key, tally in counts.finish().items()} == plain


@given(forms, forms)
def test_a_form_is_recognised_by_its_names_and_types_alone(one: dict[str, Any], other: dict[str, Any]) -> None:
    recognises = recogniser(one)
    if recognises and recognises(encode(other)):
        assert [(name, type(value)) for name, value in one.items()] == [(name, type(value)) for name, value in other.items()]
    plain = recogniser({"n": 1, "of": [{"a": "b"}]})
    assert plain and plain('{"n":-20,"of":[{"a":"c"}, {"a":""}]}')
    assert not plain('{"n":1.5,"of":[{"a":"c"}]}') and not plain('{"n":1,"of":[{"a":"c\\"}]}') and not plain('{"n":1,"of":[]}')


@settings(max_examples=25)
@given(st.lists(st.tuples(forms, st.sampled_from(["api", "form"]), st.integers(0, 3)), max_size=12))
def test_profiles_of_one_form_are_counted_as_one_by_one(many: list[tuple[dict[str, Any], str, int]]) -> None:
    counts = Counts()
    plain: dict[Key, list[Counter[str]]] = {}
    for attributes, door, day in many:
        origins = {name: [door, day * DAY] for name in attributes}
        counts.add_profile(1, attributes, origins)
        alone = Counts()
        alone.add_profile(1, attributes, origins)
        for key, tally in alone.finish().items():
            types, doors = plain.setdefault(key, [Counter(), Counter()])
            types.update(tally.types)
            doors.update(tally.doors)
    found = counts.finish()
    assert {key: [tally.types, tally.doors] for key, tally in found.items()} == plain
    assert {key.name for key in found if "." not in key.name} == {
        name for attributes, _, _ in many for name in attributes if "." not in name
    }
