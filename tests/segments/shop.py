"""One workspace and its people, spoken about shortly."""

from __future__ import annotations

from typing import Any

from tests.evidence import GIVEN
from troth.intake.commands import Alias, Decide, Decision, Delete, EditTags, Identify, Identity, Restrict, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.kernel.worker import drain
from troth.people.lookup import find_person
from troth.segments.membership import Change, list_members
from troth.segments.models import Segment
from troth.segments.registry import create_segment


class Shop:
    """People who come through the door of one workspace, at a time that the test tells."""

    def __init__(self, workspace: Any) -> None:
        self.pk: int = workspace.pk
        self.now = now_ms()
        self.news: list[Change] = []

    def _common(self) -> dict[str, Any]:
        return {"workspace_id": self.pk, "source": "vero", "received_at": self.now}

    def work(self) -> None:
        """Let the worker do all there is to do."""
        drain(self.now)

    def pass_time(self, ms: int) -> None:
        """Nobody does anything for so long; then the worker works."""
        self.now += ms
        self.work()

    def person(self, name: str, *agrees: str, **attributes: Any) -> Subject:
        """Somebody known, who agreed to being chosen by behaviour unless other purposes are named."""
        apply([Identify(identity=Identity(external_id=name), attributes=attributes, **self._common())], now=self.now)
        for purpose in agrees or ("behavioural_profiling",):
            self.decide(name, Decision.GRANT, purpose)
        self.work()
        return find_person(self.pk, name)

    def identify(self, name: str, **attributes: Any) -> None:
        apply([Identify(identity=Identity(external_id=name), attributes=attributes, **self._common())], now=self.now)
        self.work()

    def decide(self, name: str, said: Decision, purpose: str | None = None) -> None:
        evidence = GIVEN if said is Decision.GRANT else {}
        apply(
            [Decide(identity=Identity(external_id=name), decision=said, purpose=purpose, evidence=evidence, **self._common())], now=self.now
        )
        self.work()

    def track(self, name: str, event: str, ago: int = 0, **properties: Any) -> None:
        apply(
            [Track(identity=Identity(external_id=name), name=event, ts=self.now - ago, properties=properties, **self._common())],
            now=self.now,
        )
        self.work()

    def tag(self, name: str, *tags: str, remove: tuple[str, ...] = ()) -> None:
        apply([EditTags(identity=Identity(external_id=name), add=tags, remove=remove, **self._common())], now=self.now)
        self.work()

    def restrict(self, name: str) -> None:
        apply([Restrict(identity=Identity(external_id=name), **self._common())], now=self.now)
        self.work()

    def merge(self, old: str, new: str) -> None:
        apply([Alias(identity=Identity(external_id=new), previous=Identity(external_id=old), **self._common())], now=self.now)
        self.work()

    def delete(self, name: str) -> None:
        apply([Delete(identity=Identity(external_id=name), **self._common())], now=self.now)
        self.work()

    def segment(self, definition: Any, **more: Any) -> Segment:
        """A segment, computed."""
        found = create_segment(self.pk, **{"name": "S", "definition": definition, "now": self.now, **more})
        self.work()
        return found

    def members(self, segment: Segment) -> set[int]:
        return {person_id for person_id, _ in list_members(segment, limit=1_000)}
