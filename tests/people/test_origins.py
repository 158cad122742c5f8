"""Where each attribute came from (Art. 15(1)(g))."""

from __future__ import annotations

from typing import Any

from troth.intake.commands import Alias, EditTags, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.personal_data import stores
from troth.people.lookup import find_person, load_person

NOW = 1_700_000_000_000


def say(workspace: Any, source: str, at: int, name: str = "dana", **attributes: Any) -> Identify:
    return Identify(identity=Identity(external_id=name), attributes=attributes, workspace_id=workspace.pk, source=source, received_at=at)


def origins(workspace: Any, name: str = "dana") -> dict[str, Any]:
    return load_person(find_person(workspace.pk, name)).origins  # type: ignore[no-any-return]


def test_each_attribute_keeps_who_said_its_value_first(workspace: Any) -> None:
    apply([say(workspace, "segment", 1, plan="free", city="Paris"), say(workspace, "vero", 2, plan="free")], now=NOW)
    apply([say(workspace, "vero", 3, plan="pro"), say(workspace, "api", 4, city="Paris")], now=NOW)
    event = {"name": "seen", "ts": 1, "workspace_id": workspace.pk, "source": "segment", "received_at": 5}
    apply([Track(identity=Identity(external_id="dana"), attributes={"age": 33}, **event)], now=NOW)
    assert origins(workspace) == {"plan": ["vero", 3], "city": ["segment", 1], "age": ["segment", 5]}


def test_an_attribute_that_is_removed_leaves_no_origin(workspace: Any) -> None:
    apply([say(workspace, "api", 1, plan="pro", city="Paris")], now=NOW)
    tags = EditTags(identity=Identity(external_id="dana"), add=("x",), workspace_id=workspace.pk, source="api", received_at=2)
    apply([say(workspace, "api", 2, plan=None, never=None), tags], now=NOW)
    assert origins(workspace) == {"city": ["api", 1]}
    apply([say(workspace, "vero", 3, city=None), say(workspace, "vero", 4, city="Paris")], now=NOW)
    assert origins(workspace) == {"city": ["vero", 4]}


def test_when_persons_merge_each_value_that_survives_brings_its_origin(workspace: Any) -> None:
    apply([say(workspace, "segment", 1, "old", plan="free", city="Paris"), say(workspace, "vero", 2, "new", plan="pro")], now=NOW)
    old, new = find_person(workspace.pk, "old"), find_person(workspace.pk, "new")
    row = load_person(new)
    row.origins = {}
    row.save()
    merge = Alias(
        identity=Identity(external_id="new"), previous=Identity(external_id="old"), workspace_id=workspace.pk, source="api", received_at=3
    )
    apply([merge], now=NOW)
    assert find_person(workspace.pk, "old") == new != old
    assert load_person(new).attributes == {"plan": "pro", "city": "Paris"}
    assert origins(workspace, "new") == {"city": ["segment", 1]}


def test_the_answer_to_an_access_request_says_source_and_time_of_each_attribute(workspace: Any) -> None:
    apply([say(workspace, "vero", 0, plan="pro")], now=NOW)
    (profile,) = [store for store in stores() if store.name == "people.person"]
    (row,) = profile.export(find_person(workspace.pk, "dana"))
    assert row["origins"] == {"plan": {"source": "vero", "at": "1970-01-01T00:00:00.000Z"}}
