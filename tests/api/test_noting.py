"""What a key reads and changes of persons stands in the audit log, so that a key which was stolen can be followed."""

from __future__ import annotations

from typing import Any

from tests.api.test_access import OPERATIONS
from troth.api.noting import ACTS, CHANGED, LOOKS, OF_THEIR_OWN, act_of
from troth.kernel.clock import now_ms
from troth.privacy.breaches.affected import count_affected
from troth.workspaces.agreements.instructions import list_instructions
from troth.workspaces.audit import ACTIONS, read_entries
from troth.workspaces.models import AuditEntry

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
    assert (found.people, found.lists, found.exports) == (1, 1, 0)
    told = [(entry.action, entry.detail["call"]) for entry in list_instructions(alice.workspace.pk, limit=1)]
    assert told == [(CHANGED, "PUT /sending/hold")]


def test_an_erasure_by_a_key_is_written_down_about_nobody(alice: Any) -> None:
    alice.api.json("POST", f"/people/{alice.email}/erasure", status=202)
    entry = next(one for one in read_entries(alice.workspace.pk) if one.action == "person.erased")
    assert (entry.person_id, entry.detail["call"]) == (0, "POST /people/{person}/erasure")
