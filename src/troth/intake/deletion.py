"""Deletions: from the moment one is accepted nobody finds, collects or messages the person; the privacy worker deletes the rest."""

from __future__ import annotations

from collections.abc import Sequence

from troth.consent.suppression import store_suppressions, suppression_tags
from troth.intake.commands import ACCEPTED, UNKNOWN_PERSON, Delete, Outcome
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows
from troth.people.identifiers import EMAIL, UNIQUE_KINDS, Handle, make_handle
from troth.people.queries import find_holders, forget_lookups, mark_being_erased


def order_deletion(command: Delete, person_ids: Sequence[int], now: int) -> Outcome:
    """Accept the deletion of everybody an identifier leads to (Art. 17). Unconfirmed, it only waits for somebody to confirm it."""
    for person_id in person_ids:
        subject = Subject(command.workspace_id, person_id)
        insert_rows(
            "INSERT INTO intake_deletionorder (bucket, person_id, workspace_id, confirmed, source, at)",
            [(subject.bucket, person_id, command.workspace_id, command.confirmed, command.source, now)],
            "ON CONFLICT (bucket, person_id) DO UPDATE SET confirmed = intake_deletionorder.confirmed OR EXCLUDED.confirmed",
        )
    if command.confirmed:
        withdraw_from_processing([(Subject(command.workspace_id, person_id), "") for person_id in person_ids], now=now, reason="erased")
    return Outcome(status=ACCEPTED if person_ids else UNKNOWN_PERSON, person_id=person_ids[0] if person_ids else 0)


def withdraw_from_processing(leaving: Sequence[tuple[Subject, str]], *, now: int, reason: str) -> dict[int, list[bytes]]:
    """Suppress every identifier of persons, remove the look-ups, and mark them as being erased; returns the suppression tags by person id.

    Each person comes with the id of the request. An identifier that somebody else living also holds (a shared address) is not suppressed: it is
    that person's too. One that several of those who leave hold is the last one's, as if they had gone one after the other.
    """
    subjects = [subject for subject, _ in leaving]
    held = forget_lookups(subjects)
    for subject in subjects:
        own = held.setdefault(subject.person_id, [])
        own += [address for handle in own if (address := _address_in(subject, handle))]
    last = {handle.tag: subject.person_id for subject in subjects for handle in held[subject.person_id]}
    shared = find_holders(last)
    tags: dict[int, list[bytes]] = {}
    for subject in subjects:
        free = [h for h in held[subject.person_id] if h.tag not in shared and last[h.tag] == subject.person_id]
        tags[subject.person_id] = [tag for h in free for tag in suppression_tags(subject.workspace_id, h.kind, h.value)]
    suppressed = [(subject.workspace_id, tag, now, request_id) for subject, request_id in leaving for tag in tags[subject.person_id]]
    store_suppressions(suppressed, reason=reason)
    mark_being_erased(subjects)
    return tags


def _address_in(subject: Subject, handle: Handle) -> Handle | None:
    """The e-mail address that serves somebody as an id; it must not come back as an address either."""
    is_one = handle.kind in UNIQUE_KINDS and "@" in handle.value
    return make_handle(subject.workspace_id, EMAIL, handle.value) if is_one else None
