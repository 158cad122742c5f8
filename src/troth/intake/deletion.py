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
            withdraw_from_processing(subject, now=now, reason="erased")
    return Outcome(status=ACCEPTED if person_ids else UNKNOWN_PERSON, person_id=person_ids[0] if person_ids else 0)


def withdraw_from_processing(subject: Subject, *, now: int, reason: str, request_id: str = "") -> list[bytes]:
    """Suppress every identifier of a person, remove the look-ups, and mark the person as being erased; returns the suppression tags.

    An identifier that somebody else living also holds (a shared address) is not suppressed: it is that person's too.
    """
    handles = forget_lookups(subject)
    handles += [address for handle in handles if (address := _address_in(subject, handle))]
    shared = find_holders(handle.tag for handle in handles)
    tags = [tag for h in handles if h.tag not in shared for tag in suppression_tags(subject.workspace_id, h.kind, h.value)]
    store_suppressions(subject.workspace_id, tags, now=now, reason=reason, request_id=request_id)
    mark_being_erased(subject)
    return tags


def _address_in(subject: Subject, handle: Handle) -> Handle | None:
    """The e-mail address that serves somebody as an id; it must not come back as an address either."""
    is_one = handle.kind in UNIQUE_KINDS and "@" in handle.value
    return make_handle(subject.workspace_id, EMAIL, handle.value) if is_one else None
