"""Asking that a workspace or an account is deleted for good, seeing before what goes, and calling it off while there is time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.messages.configured import forget_routes
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.privacy.workspace_tables import tables_of_workspace
from troth.workspaces.models import Account, Member, Role, SendMode, User, Workspace

HOLD_DAYS = 14
LONGEST_HOLD = 90
COUNTED = 100_000
"""A preview counts no further."""
STAYS = (
    (
        "a line in the erasure ledger: numbers of the workspace and of this deletion, without a name",
        "so that a backup that is restored forgets again before it serves (Art. 17(1), 32)",
    ),
    (
        "the certificate, with the name, the number of rows of each table, and which versions of agreements were in force; no person, no member",
        "to prove the deletion, and for claims from the contract (Art. 5(2), 17(3)(e)); 400 days",
    ),
    (
        "encrypted backups, until they are rewritten without it and the old keys are destroyed",
        "a restored one forgets before it serves (Art. 32(1)(c)); the certificate says until when",
    ),
)
"""What is kept, and why. All else goes: suppressions and proofs of consent too, for with the controller gone nothing is processed that needs them."""


class LeavingRefused(TrothError):
    """It cannot be asked for, or not be called off any more."""


class Preview(NamedTuple):
    """What goes with one workspace: rows by table, those that are parts of others left out, counted up to `COUNTED`, and the members who have no other workspace."""

    workspace: Workspace
    rows: list[tuple[str, int]]
    members: int


def preview(workspaces: Sequence[Workspace]) -> list[Preview]:
    """What would go. Reads all buckets."""
    leaving = [workspace.pk for workspace in workspaces]
    shown = []
    for workspace in workspaces:
        rows = [
            (table.title, count) for table in tables_of_workspace() if not table.is_part and (count := table.count(workspace.pk, COUNTED))
        ]
        only = Member.objects.filter(workspace=workspace).exclude(user__in=_elsewhere(leaving))
        shown.append(Preview(workspace, sorted(rows, key=lambda one: -one[1]), only.values("user").distinct().count()))
    return shown


def _elsewhere(leaving: Sequence[int]) -> Any:
    """Users who stay: members of another workspace, and who runs the installation."""
    return User.objects.filter(member__in=Member.objects.exclude(workspace__in=leaving)) | User.objects.filter(is_staff=True)


def workspaces_of(account: Account) -> list[Workspace]:
    """All workspaces of an account."""
    return list(Workspace.objects.filter(account=account).order_by("pk"))


def may_ask(user: User, workspaces: Sequence[Workspace]) -> bool:
    """Whether a user owns all of them."""
    owned = Member.objects.filter(user=user, role=Role.OWNER, workspace__in=[one.pk for one in workspaces]).count()
    return bool(workspaces) and owned == len(workspaces)


def ask_to_leave(
    workspaces: Sequence[Workspace], *, confirmed: str, by: str, now: int, whole_account: bool, hold_days: int = HOLD_DAYS
) -> Leaving:
    """Ask for the deletion. From now on keys open nothing, nothing is sent, and it begins when the hold is over.

    `confirmed` is what was typed: the name of the workspace, or of the account. Raises LeavingRefused.
    """
    account = Account.objects.get(pk=workspaces[0].account_id)
    name = account.name if whole_account else workspaces[0].name
    if confirmed.strip() != name:
        raise LeavingRefused("What was typed is not the name: type it exactly as it is written.")
    if not 0 <= hold_days <= LONGEST_HOLD:
        raise LeavingRefused(f"A hold has 0 to {LONGEST_HOLD} days.")
    with transaction.atomic():
        own = list(Workspace.objects.select_for_update().filter(pk__in=[one.pk for one in workspaces]).order_by("pk"))
        if any(one.leaves_at is not None for one in own):
            raise LeavingRefused("Its deletion is asked for already: call that off first.")
        made = Leaving.objects.create(
            account_id=account.pk,
            is_whole_account=whole_account,
            workspace_ids=[one.pk for one in own],
            send_modes={str(one.pk): one.send_mode for one in own},
            state=LeavingState.WAITING,
            asked_by=by,
            asked_at=now,
            due_at=now + hold_days * DAY,
            next_at=now + hold_days * DAY,
        )
        Workspace.objects.filter(pk__in=made.workspace_ids).update(leaves_at=made.due_at, send_mode=SendMode.OFF)
        transaction.on_commit(forget_routes)
    return made


def call_off(leaving: Leaving, now: int) -> Leaving:
    """Keep it after all: keys open again, and mail goes as it went before. Raises LeavingRefused once the deletion has begun."""
    with transaction.atomic():
        own = Leaving.objects.select_for_update().get(pk=leaving.pk)
        if own.state != LeavingState.WAITING:
            raise LeavingRefused("It cannot be called off any more: the deletion has begun, or was called off already.")
        own.state, own.called_off_at, own.next_at = LeavingState.CALLED_OFF, now, None
        own.save(update_fields=["state", "called_off_at", "next_at"])
        for number, mode in own.send_modes.items():
            Workspace.objects.filter(pk=int(number)).update(leaves_at=None, send_mode=mode)
        transaction.on_commit(forget_routes)
    return own


def find_waiting(workspace_id: int) -> Leaving | None:
    """The deletion that a workspace waits for."""
    waiting = Leaving.objects.filter(state=LeavingState.WAITING).order_by("-asked_at")
    return next((one for one in waiting if workspace_id in one.workspace_ids), None)
