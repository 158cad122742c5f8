"""Legal holds: what must not go, for a person or for everybody, with the ground and an end."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from troth.kernel.ids import bucket_of, new_row_id
from troth.people.queries import find_active
from troth.privacy.erasure.kept import EVERYBODY, EXCEPTIONS, end_kept
from troth.privacy.models import LegalHold
from troth.privacy.retention.rules import Datum, RetentionInvalid, RetentionUnknown


def place_hold(
    workspace_id: int,
    *,
    person_id: int = EVERYBODY,
    kind: str = "",
    event: str = "",
    name: str = "",
    exception: str = "claims",
    ground: str,
    until: int,
    now: int,
) -> LegalHold:
    """Keep data from going until a moment (milliseconds): of a person, or of everybody; all of it, or what one name covers.

    Raises RetentionInvalid without a ground (Art. 17(3), 18(1)(c)) or an end, RetentionUnknown when the person is not there.
    """
    if not ground.strip():
        raise RetentionInvalid("$.ground: say why it must be kept: the claim, the law, the order.")
    if exception not in EXCEPTIONS:
        raise RetentionInvalid(f"$.exception: one of {', '.join(EXCEPTIONS)}.")
    if until <= now:
        raise RetentionInvalid("$.until: a hold has an end, which lies ahead; it can be placed again.")
    if person_id != EVERYBODY and find_active([person_id]).get(person_id) != workspace_id:
        raise RetentionUnknown("There is no such person in this workspace.")
    return LegalHold.objects.create(
        bucket=bucket_of(person_id),
        person_id=person_id,
        hold_id=new_row_id(),
        workspace_id=workspace_id,
        kind=kind,
        event=event,
        name=name,
        exception=exception,
        ground=ground.strip(),
        until=until,
        placed_at=now,
    )


def lift_hold(workspace_id: int, hold_id: int, now: int) -> None:
    """End a hold, and the keeping of what it keeps of erased persons. Raises RetentionUnknown."""
    deleted, _ = list_holds(workspace_id).filter(hold_id=hold_id).delete()
    if not deleted + end_kept(workspace_id, now=now, hold_id=hold_id):
        raise RetentionUnknown("There is no such hold in this workspace.")


def list_holds(workspace_id: int) -> QuerySet[LegalHold]:
    """The holds of a workspace, the newest first; a handful, from an index of the workspace."""
    return LegalHold.objects.filter(workspace_id=workspace_id).order_by("-hold_id")


class Holds:
    """The holds that stand at a moment, as a run asks them."""

    def __init__(self, workspace_id: int, now: int) -> None:
        standing = list(LegalHold.objects.filter(Q(until__gt=now), workspace_id=workspace_id))
        self._whole = {hold.person_id for hold in standing if not hold.kind}
        self._data = {(hold.person_id, Datum(hold.kind, hold.event, hold.name)) for hold in standing if hold.kind}
        self._people = {hold.person_id for hold in standing}

    @property
    def covers_everybody(self) -> bool:
        """Whether nothing of anybody may go."""
        return EVERYBODY in self._whole

    @property
    def whole_people(self) -> set[int]:
        """The persons of whom nothing may go."""
        return self._whole - {EVERYBODY}

    def covers_person(self, person_id: int) -> bool:
        """Whether something of a person is held, so that the person as a whole stays."""
        return person_id in self._people or EVERYBODY in self._people

    def covers(self, person_id: int, datum: Datum) -> bool:
        """Whether a datum of a person is held; a hold on an event holds its properties, and one on a property its event."""
        if {person_id, EVERYBODY} & self._whole:
            return True
        same: Iterable[Datum] = (
            datum,
            *([Datum("event", datum.event, "")] if datum.kind == "property" else []),
        )
        if any((who, one) in self._data for who in (person_id, EVERYBODY) for one in same):
            return True
        return datum.kind == "event" and any(
            one.kind == "property" and one.event == datum.event for who, one in self._data if who in (person_id, EVERYBODY)
        )
