"""What a key reads and changes of persons stands in the audit log, so that a key which was stolen can be followed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_access import OPERATIONS
from troth.api.noting import ACTS, CHANGED, LOOKS, OF_THEIR_OWN, SHOWN, act_of
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, iso, now_ms
from troth.kernel.ids import new_row_id
from troth.kernel.personal_data import stores
from troth.people.lookup import find_person
from troth.people.models import Person
from troth.privacy.breaches.affected import OPENED_ALL, Affected, count_affected
from troth.workspaces import shown
from troth.workspaces.agreements.instructions import list_instructions
from troth.workspaces.audit import ACTIONS, forget_old_entries, read_entries
from troth.workspaces.models import AuditEntry, ShownPeople
from troth.workspaces.shown import count_distinct, find_lists, key_of_tags, split_tags, tag_of

CALLS = {f"{method} {path}" for method, path, _scope in OPERATIONS}
SHOWS_PERSONS = ("/people", "/messages", "/requests", "/takeaways", "/retention/kept")
TELLS_NUMBERS = {"GET /retention/kept", "GET /takeaways/{takeaway_id}", "GET /requests/{request_id}/recipients"}
"""Under such a place, and yet about nobody."""


def test_every_call_that_shows_persons_or_changes_something_has_an_act_with_words() -> None:
    assert ACTS.keys() | OF_THEIR_OWN | LOOKS <= CALLS, "a call that is named here is one of the API"
    for call in CALLS - TELLS_NUMBERS - OF_THEIR_OWN - LOOKS:
        method, _, path = call.partition(" ")
        if method != "GET" or path.startswith(SHOWS_PERSONS):
            assert act_of(call) in ACTIONS, call


def test_who_reads_a_person_with_a_key_leaves_the_key_the_call_and_the_person(alice: Any) -> None:
    before = AuditEntry.objects.filter(workspace_id=alice.workspace.pk).count()
    alice.api.json("GET", f"/people/{alice.email}")
    alice.api.json("GET", "/people/nobody-at-all", status=404)
    alice.api.json("GET", f"/messages/{alice.message_id}")
    entry, first = read_entries(alice.workspace.pk)[:2]
    assert AuditEntry.objects.filter(workspace_id=alice.workspace.pk).count() == before + 2, "what was refused showed nothing"
    assert (first.action, str(first.person_id), first.user_id, first.role) == ("person.read", alice.person_id, 0, "api")
    assert first.detail["call"] == "GET /people/{person}" and first.detail["key"] > 0 and first.address == "127.0.0.1"
    assert (entry.action, str(entry.person_id)) == ("message.read", alice.person_id)
    assert alice.email not in str(AuditEntry.objects.values_list("detail", flat=True)), "no identifier stands in the log"


def test_a_breach_through_a_key_is_counted_and_what_it_set_up_is_an_instruction(alice: Any) -> None:
    began = now_ms()
    for path in (f"/people/{alice.email}", f"/people/{alice.external_id}", "/people"):
        alice.api.json("GET", path)
    alice.api.json("PUT", "/sending/hold", {"minutes": 5})
    found = count_affected(alice.workspace.pk, began, now_ms() + 1, 0)
    assert (found.people, found.lists, found.exports) == (Person.objects.filter(workspace_id=alice.workspace.pk).count(), 0, 0)
    told = [(entry.action, entry.detail["call"]) for entry in list_instructions(alice.workspace.pk, limit=1)]
    assert told == [(CHANGED, "PUT /sending/hold")]


def test_an_erasure_by_a_key_is_written_down_about_nobody(alice: Any) -> None:
    alice.api.json("POST", f"/people/{alice.email}/erasure", status=202)
    entry = next(one for one in read_entries(alice.workspace.pk) if one.action == "person.erased")
    assert (entry.person_id, entry.detail["call"]) == (0, "POST /people/{person}/erasure")


def test_a_list_that_a_key_reads_counts_as_whom_it_showed_each_once(alice: Any) -> None:
    workspace_id = alice.workspace.pk
    common: dict[str, Any] = {"workspace_id": workspace_id, "source": "api", "received_at": now_ms()}
    apply([Identify(identity=Identity(external_id=f"shown-{n}"), **common) for n in range(7)], now=now_ms())
    everybody = Person.objects.filter(workspace_id=workspace_id).count()
    began, earlier = now_ms(), new_row_id()
    page = alice.api.json("GET", "/people?limit=3")
    assert count_affected(workspace_id, began, now_ms() + 1, 0) == Affected(3, 1, 0, 0)
    alice.api.json("GET", "/people?limit=3")
    alice.api.json("GET", f"/people/person:{page['items'][0]['id']}")
    assert count_affected(workspace_id, began, now_ms() + 1, 0) == Affected(3, 3, 0, 0), "whoever was shown before is not counted again"
    alice.api.json("GET", f"/people?limit=100&cursor={page['next_cursor']}")
    alice.api.json("GET", "/messages")
    assert count_affected(workspace_id, began, now_ms() + 1).people == everybody
    rows = ShownPeople.objects.filter(workspace_id=workspace_id, entry_id__gt=earlier).order_by("entry_id")
    numbers = list(rows.values_list("number", flat=True))
    assert numbers[:3] == [3, 3, everybody - 3] and len(numbers) == 4, "one row a call"


def test_whoever_is_erased_stands_there_no_more_and_still_counts(alice: Any) -> None:
    workspace_id, began = alice.workspace.pk, now_ms()
    shown_people = len(alice.api.json("GET", "/people?limit=100")["items"])
    row = ShownPeople.objects.filter(workspace_id=workspace_id).latest("entry_id")
    assert tag_of(key_of_tags(workspace_id), int(alice.person_id)) in set(split_tags(bytes(row.tags)))
    assert int(alice.person_id).to_bytes(8, "big") not in bytes(row.tags), "no number of a person stands there"
    alice.api.json("POST", f"/people/{alice.email}/erasure", status=202)
    assert count_affected(workspace_id, began, now_ms() + 1, 0).people == shown_people


def test_a_list_that_shows_nobody_is_no_list_and_what_was_shown_goes_with_its_entry(alice: Any) -> None:
    workspace_id, began = alice.workspace.pk, now_ms()
    alice.api.json("GET", "/people?identifier=nobody-at-all")
    assert count_affected(workspace_id, began, now_ms() + 1, 0) == Affected(0, 1, 0, 0)
    assert ShownPeople.objects.filter(workspace_id=workspace_id).exists()
    while forget_old_entries(now_ms() + 4_000 * DAY):
        pass
    assert not ShownPeople.objects.filter(workspace_id=workspace_id).exists()


def test_every_call_that_shows_many_says_who_they_are() -> None:
    many = {call for call, action in ACTS.items() if action in OPENED_ALL and call.startswith("GET ") and "{person}" not in call}
    assert many - SHOWN.keys() == {"GET /consent-standings"}, "which tells numbers"
    assert SHOWN.keys() <= ACTS.keys()


@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=6), st.integers(1, 50))
def test_distinct_tags_are_counted_in_as_little_memory_as_is_there(pages: list[list[int]], at_once: int) -> None:
    tags = [[n.to_bytes(4, "big") * 2 for n in page] for page in pages]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown, "AT_ONCE", at_once)
        assert count_distinct(tags, sum(map(len, pages))) == len({n for page in pages for n in page})


def test_whoever_was_shown_among_others_is_told_of_the_list_as_long_as_they_are_there(alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "PAGE", 2)
    workspace_id, began = alice.workspace.pk, now_ms()
    common: dict[str, Any] = {"workspace_id": workspace_id, "source": "api", "received_at": began}
    apply([Identify(identity=Identity(external_id="last-of-all"), **common)], now=began + 1)

    def told(identifier: str) -> list[tuple[str, str]]:
        (log,) = (one for one in stores() if one.name == "workspaces.audit")
        entries = list(log.export(find_person(workspace_id, identifier)))
        assert all(entry.keys() == {"at", "role", "action", "detail"} for entry in entries)
        return [(entry["action"], entry["detail"].get("call", "")) for entry in entries if entry["at"] >= iso(began)]

    for _ in range(5):
        alice.api.json("GET", "/people?limit=100")
    alice.api.json("GET", f"/people/{alice.email}")
    alice.api.json("GET", "/messages")
    lists = [("people.list", "GET /people")] * 5
    assert told("last-of-all") == lists, "of one by one nothing, and no message"
    assert told(alice.email) == [("person.read", "GET /people/{person}"), *lists, ("message.list", "GET /messages")]
    exported = b"".join(alice.api("POST", f"/people/{alice.email}/export").streaming_content)
    assert exported.count(b'"people.list"') >= 5, "the answer on access has them"
    assert list(find_lists(workspace_id + 1, int(alice.person_id))) == [], "in another workspace it is another tag"
