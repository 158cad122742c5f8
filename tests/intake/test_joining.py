"""When identities join, nothing that was accepted gets lost."""

from __future__ import annotations

from typing import Any

from troth.intake.actor import fold_inbox
from troth.intake.commands import Alias, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person, latest_events


def test_events_that_still_wait_in_the_inbox_come_along_when_persons_merge(workspace: Any) -> None:
    now = now_ms()
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "segment", "received_at": now}
    apply([Track(identity=Identity(anonymous_id="a"), name=f"seen {n}", ts=now, **common) for n in range(3)], now=now)
    apply([Track(identity=Identity(external_id="dana"), name="bought", ts=now, **common)], now=now)

    apply([Identify(identity=Identity(external_id="dana", anonymous_id="a"), **common)], now=now)
    apply([Alias(identity=Identity(external_id="dana-2"), previous=Identity(external_id="dana"), **common)], now=now)
    while fold_inbox(now):
        pass

    names = {event.name for event in latest_events(find_person(workspace.pk, "dana-2"))}
    assert names == {"seen_0", "seen_1", "seen_2", "bought"}
    assert find_person(workspace.pk, "a") == find_person(workspace.pk, "dana") == find_person(workspace.pk, "dana-2")
