"""What a batch of commands will change: gathered in memory, checked at the gate, then written set by set.

The plan is also the overlay that makes commands of one batch see each other: a person created by the first is found by the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction

from troth.consent.catalog import Catalog, forget_catalogs, load_catalog
from troth.consent.claims import Texts, count_refused, texts_of
from troth.consent.collecting import count_not_collected
from troth.consent.decisions import NO_DECISION, DecisionRow, Stood, load_decisions, make_facts, record_decisions
from troth.consent.gate import Operation, reason_against
from troth.consent.models import EVERYTHING, Standing
from troth.consent.suppression import count_dropped
from troth.intake.commands import Command
from troth.intake.errors import IdentifierTaken
from troth.intake.news import Changed as ChangedPerson
from troth.intake.news import Created, persons
from troth.kernel.ids import BUCKETS, new_person_id, new_row_ids
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows
from troth.people.identifiers import REPLACED_KINDS, Handle
from troth.people.queries import (
    Profile,
    find_active,
    find_holdings,
    insert_identifiers,
    insert_persons,
    load_identifiers,
    load_whole_profiles,
    remove_identifiers,
    update_profiles,
)
from troth.segments.changes import ANYTHING, Changed, find_changed_attributes, mark

INSERT_INBOX = (
    "INSERT INTO intake_inboxitem"
    " (bucket, item_id, person_id, workspace_id, name, ts, received_at, source, purpose, properties, dedupe, dedupe_until)"
)
InboxRow = tuple[int, int, str, int, int, str, str, str, bytes | None, int]
"""person_id, workspace_id, name, ts, received_at, source, purpose, properties, dedupe, dedupe_until."""


NO_STANCES: dict[str, Stood] = {}


class Plan:
    """The changes of one run of commands. Nothing is written before `write`."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._catalogs: dict[int, Catalog] = {}
        self.holders: dict[bytes, list[int]] = {}
        self._here: dict[int, int] = {}
        self.suppressed: set[bytes] = set()
        self.stances: dict[int, dict[str, Stood]] = {}
        self.heeded: set[tuple[int, str]] = set()
        """Persons and purposes for which Global Privacy Control was recorded before, as far as that was read."""
        self.dropped: Counter[tuple[int, str]] = Counter()
        self.not_collected: Counter[tuple[int, str, str, str]] = Counter()
        """What the workspace stopped collecting: (workspace, kind, event, name)."""
        self.void_claims: Counter[tuple[int, str, str]] = Counter()
        self._texts: dict[int, Texts] = {}
        self._created: dict[int, tuple[int, Profile]] = {}
        self._asked: dict[bytes, Handle] = {}
        self._held: dict[bytes, list[tuple[int, int]]] = {}
        self._taken: list[tuple[int, Handle]] = []
        self._given: dict[tuple[int, bytes], tuple[int, int, Handle, str, int]] = {}
        self._current: dict[tuple[int, str], Handle] = {}
        self._workspaces: dict[int, int] = {}
        """Of those whose profile changes."""
        self._changes: dict[int, list[tuple[dict[str, Any], list[Any], Sequence[str], Sequence[str]]]] = {}
        self._inbox: list[InboxRow] = []
        self._decisions: list[DecisionRow] = []
        self._changed: list[Changed] = []
        self._profiles: dict[int, tuple[Profile, Profile]] = {}
        """Those that were written, as they were before and are now."""

    def catalog(self, workspace_id: int) -> Catalog:
        """The workspace's purposes, the same for the whole run."""
        found = self._catalogs.get(workspace_id)
        if found is None:
            found = self._catalogs[workspace_id] = load_catalog(workspace_id)
        return found

    def texts(self, workspace_id: int) -> Texts:
        """Whether the workspace keeps a text, asked once for each."""
        if workspace_id not in self._texts:
            self._texts[workspace_id] = texts_of(workspace_id)
        return self._texts[workspace_id]

    def look_up(self, handles: Iterable[Handle]) -> None:
        """Learn who holds the identifiers, for all of a run at once."""
        self._asked.update({handle.tag: handle for handle in handles})
        self._held = find_holdings(self._asked)
        self.holders = {tag: [person_id for _, person_id in held] for tag, held in self._held.items()}
        for tag, held_by in self.holders.items():
            handle = self._asked[tag]
            if handle.kind in REPLACED_KINDS:
                for person_id in held_by:
                    self._current[person_id, handle.kind] = handle

    def look_up_persons(self, person_ids: Iterable[int]) -> None:
        """Learn who of those named by Troth's own id is there."""
        self._here.update(find_active(person_ids))

    def is_here(self, workspace_id: int, person_id: int) -> bool:
        """Whether a person named by Troth's own id is one of the workspace's."""
        return self._here.get(person_id) == workspace_id

    def load_stances(self, person_ids: Iterable[int]) -> None:
        """Learn where persons stand, for all of a run at once."""
        self.stances.update(load_decisions(set(person_ids)))

    def read_again(self) -> None:
        """Learn anew who holds the identifiers and where everybody stands: two persons have become one."""
        self._current.clear()
        self.look_up(())
        self.load_stances({person_id for held_by in self.holders.values() for person_id in held_by})

    def create_person(self, workspace_id: int, handles: Iterable[Handle], source: str) -> int:
        """A new person with these identifiers, except those that belong to somebody already."""
        person_id = new_person_id()
        self._created[person_id] = (workspace_id, Profile({}, {}, []))
        self.give_identifiers(workspace_id, person_id, handles, source)
        return person_id

    def give_identifiers(self, workspace_id: int, person_id: int, handles: Iterable[Handle], source: str) -> None:
        """Add identifiers to a person; a unique one that somebody else has stays theirs."""
        for handle in handles:
            held_by = self.holders.get(handle.tag)
            if held_by is None:
                held_by = self.holders[handle.tag] = []
            if handle.kind in REPLACED_KINDS:
                self._supersede(person_id, handle)
            if person_id in held_by or (held_by and handle.is_unique):
                continue
            # Later commands of the run find the same holder first as later runs will.
            held = self._held.setdefault(handle.tag, [])
            held.append((self.now, person_id))
            held.sort()
            held_by[:] = [holder for _, holder in held]
            self._given[person_id, handle.tag] = (person_id, workspace_id, handle, source, self.now)

    def take_identifiers(self, person_id: int, handles: Iterable[Handle]) -> None:
        """Remove identifiers from a person, those that they have; from the next command on they lead here no more."""
        for handle in handles:
            if person_id not in self.holders.get(handle.tag, ()):
                continue
            self._let_go(person_id, handle)
            self._taken.append((person_id, handle))
            if self._current.get((person_id, handle.kind)) == handle:
                del self._current[person_id, handle.kind]

    def _let_go(self, person_id: int, handle: Handle) -> None:
        self._given.pop((person_id, handle.tag), None)
        self._held[handle.tag] = [holding for holding in self._held[handle.tag] if holding[1] != person_id]
        self.holders[handle.tag].remove(person_id)

    def _supersede(self, person_id: int, handle: Handle) -> None:
        """A new address takes the place of the one before: from the next command on, that one leads here no more."""
        earlier = self._current.get((person_id, handle.kind))
        if earlier and earlier.tag != handle.tag:
            self._let_go(person_id, earlier)
        self._current[person_id, handle.kind] = handle

    def permits(self, catalog: Catalog, person_id: int, purpose: str, operation: Operation) -> bool:
        """The gate, on the facts of this run: the standing decisions read, and those made by earlier commands.

        It asks nothing of restrictions (`is_restricted`): those stand against every purpose, and are asked before.
        """
        facts = make_facts(catalog.rule(purpose), self.stood(person_id, purpose))
        return not reason_against(facts, operation, self.now)

    def stood(self, person_id: int, purpose: str) -> Stood | None:
        """The standing decision of a person, as far as those were read."""
        return self.stances.get(person_id, NO_STANCES).get(purpose)

    def is_restricted(self, person_id: int) -> bool:
        """Whether the person's processing is restricted (Art. 18), as far as stances were read."""
        return (self.stood(person_id, EVERYTHING) or NO_DECISION).standing == Standing.REFUSED

    def change_profile(
        self, command: Command, person_id: int, attributes: dict[str, Any], add_tags: Sequence[str] = (), remove_tags: Sequence[str] = ()
    ) -> None:
        """Merge what a command says (None removes) and edit tags; an attribute is left out when the gate refuses its purpose."""
        catalog = self.catalog(command.workspace_id)
        if catalog.dropped.attributes:
            for name in [name for name, value in attributes.items() if value is not None and name in catalog.dropped.attributes]:
                self.not_collected[command.workspace_id, "attribute", "", name] += 1
                attributes = {other: value for other, value in attributes.items() if other != name}
        if catalog.attributes:
            attributes = {
                name: value
                for name, value in attributes.items()
                if value is None
                or name not in catalog.attributes
                or self.permits(catalog, person_id, catalog.attributes[name], Operation.COLLECT)
            }
        if not (attributes or add_tags or remove_tags):
            return
        origin = [command.source, command.received_at]
        created = self._created.get(person_id)
        if created:
            created[1].merge(attributes, origin, add_tags, remove_tags)
        else:
            self._workspaces[person_id] = command.workspace_id
            self._changes.setdefault(person_id, []).append((attributes, origin, add_tags, remove_tags))

    def add_event(self, row: InboxRow) -> None:
        """Accept an event for the person's actor."""
        self._inbox.append(row)

    def would_change(self, person_id: int, purpose: str, *, refuses: bool) -> bool:
        """Whether a decision that is said again and again says something new: a withdrawal after anything else, a claim where nothing is known."""
        stood = self.stood(person_id, purpose)
        return stood is None or (refuses and stood.standing != Standing.REFUSED)

    def add_decision(self, row: DecisionRow) -> None:
        """Record a decision; later commands of the run see it."""
        self._decisions.append(row)
        stances = self.stances.setdefault(row.subject.person_id, {})
        if row.standing is None:
            stances.setdefault(row.purpose, row.stood)
        else:
            stances[row.purpose] = row.stood

    def write(self) -> None:
        """Write everything, set by set, inside the caller's transaction. Raises IdentifierTaken when another process was faster."""
        insert_persons([(p, w, profile, self.now) for p, (w, profile) in self._created.items()])
        if self._taken:
            remove_identifiers(self._taken)
        self._write_identifiers()
        self._write_changes()
        record_decisions(self._decisions, now=self.now)
        self._mark_changes()
        persons.tell(self._news(), self.now)
        if any(row.purpose == EVERYTHING for row in self._decisions):
            # The next run of this transaction must see it, and other threads as soon as it is durable.
            forget_catalogs()
            transaction.on_commit(forget_catalogs)
        if self._inbox:
            ids = new_row_ids(len(self._inbox))
            insert_rows(INSERT_INBOX, [(row[0] % BUCKETS, item_id, *row) for item_id, row in zip(ids, self._inbox, strict=True)])
        if self.dropped:
            count_dropped(dict(self.dropped), self.now)
        if self.not_collected:
            count_not_collected(self.not_collected, self.now)
        if self.void_claims:
            count_refused(self.void_claims, self.now)

    def _write_identifiers(self) -> None:
        if not self._given:
            return
        replaced = {(p, h.kind) for p, _, h, _, _ in self._given.values() if h.kind in REPLACED_KINDS and p not in self._created}
        if replaced:
            existing = load_identifiers({p for p, _ in replaced})
            remove_identifiers([(p, h) for p, handles in existing.items() for h in handles if (p, h.kind) in replaced])
        if insert_identifiers(list(self._given.values())) != len(self._given):
            raise IdentifierTaken

    def _write_changes(self) -> None:
        if not self._changes:
            return
        profiles = load_whole_profiles(self._changes)
        rows = []
        for person_id, changes in self._changes.items():
            if person_id not in profiles:
                continue
            profile = profiles[person_id]
            before = Profile(dict(profile.attributes), profile.origins, list(profile.tags))
            for change in changes:
                profile.merge(*change)
            rows.append((person_id, profile, self.now))
            self._profiles[person_id] = (before, profile)
            self._note_profile(person_id, before, profile)
        update_profiles(rows)

    def _note_profile(self, person_id: int, before: Profile, after: Profile) -> None:
        """Remember what of a profile became another, for the segments that read it."""
        workspace_id = self._workspaces[person_id]
        self._changed += find_changed_attributes(workspace_id, person_id, before.attributes, after.attributes)
        if before.tags != after.tags:
            self._changed.append(Changed(workspace_id, person_id, "tags"))

    def _news(self) -> Iterator[Created | ChangedPerson]:
        """Who is new and whose profile or address became another, for whoever registered."""
        for person_id, (workspace_id, _) in self._created.items():
            yield Created(Subject(workspace_id, person_id))
        given: dict[int, dict[str, Any]] = {}
        workspaces = dict(self._workspaces)
        for person_id, workspace_id, handle, _, _ in self._given.values():
            if handle.kind in REPLACED_KINDS and person_id not in self._created:
                given.setdefault(person_id, {})[handle.kind] = handle.value
                workspaces[person_id] = workspace_id
        nothing = Profile({}, {}, [])
        for person_id in sorted(self._profiles.keys() | given.keys()):
            before, after = self._profiles.get(person_id, (nothing, nothing))
            names = before.attributes.keys() | after.attributes.keys()
            changes = {
                name: after.attributes.get(name) for name in sorted(names) if before.attributes.get(name) != after.attributes.get(name)
            } | given.get(person_id, {})
            added = [tag for tag in after.tags if tag not in before.tags]
            removed = [tag for tag in before.tags if tag not in after.tags]
            if changes or added or removed:
                yield ChangedPerson(Subject(workspaces[person_id], person_id), changes, added, removed)

    def _mark_changes(self) -> None:
        """Have segments look at whom they concern (`segments.changes`): new people, profiles and decisions that changed."""
        self._changed += [Changed(workspace_id, person_id, ANYTHING) for person_id, (workspace_id, _) in self._created.items()]
        decided = [row for row in self._decisions if row.subject.person_id not in self._created]
        self._changed += [Changed(row.subject.workspace_id, row.subject.person_id, f"consent:{row.purpose}") for row in decided]
        mark(self._changed)
