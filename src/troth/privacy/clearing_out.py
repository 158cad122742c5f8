"""Deleting what belongs to a workspace: first what lets anybody in, at once; then table by table; its own row, and its account, last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.db import transaction

from troth.privacy.members import forget_user
from troth.privacy.workspace_tables import tables_of_workspace
from troth.workspaces.models import Account, Invitation, Key, Member, User, Workspace

Note = Callable[[str, int], None]
PASSES = 5
"""What a process still wrote while the tables were walked is found by walking them again."""


def cut_off(workspace_ids: Sequence[int]) -> list[str]:
    """Let nobody in any more: keys, invitations and memberships go, and users who belong nowhere else. Their addresses. In a transaction."""
    Key.objects.filter(workspace__in=workspace_ids).delete()
    Invitation.objects.filter(workspace__in=workspace_ids).delete()
    users = list(User.objects.filter(member__workspace__in=workspace_ids).distinct())
    Member.objects.filter(workspace__in=workspace_ids).delete()
    gone = [user for user in users if not user.is_staff and not Member.objects.filter(user=user).exists()]
    addresses = [user.email for user in gone]
    for user in gone:
        forget_user(user)
    return addresses


def clear_tables(workspace_id: int, note: Note) -> Iterator[None]:
    """Delete all rows of a workspace, one short transaction a step; `note` is told in it what went. Ends when a pass has found nothing."""
    for _ in range(PASSES):
        found = False
        for table in tables_of_workspace():
            for begins, values in table.slices():
                with transaction.atomic():
                    if deleted := table.delete_slice(workspace_id, begins, values):
                        found = True
                        note(table.title, deleted)
                yield
        if not found:
            return


def remove_shell(workspace_ids: Iterable[int], account_id: int) -> None:
    """Delete the rows of the workspaces themselves, and of an account that has none left. In a transaction."""
    Workspace.objects.filter(pk__in=list(workspace_ids)).delete()
    if not Workspace.objects.filter(account=account_id).exists():
        Account.objects.filter(pk=account_id).delete()


def clear_at_once(workspace_id: int) -> None:
    """All of it in the caller's transaction: for a database that was restored, and must forget again before it serves."""
    account_id = Workspace.objects.filter(pk=workspace_id).values_list("account_id", flat=True).first()
    cut_off([workspace_id])
    for _ in clear_tables(workspace_id, lambda title, deleted: None):
        pass
    if account_id is not None:
        remove_shell([workspace_id], account_id)
