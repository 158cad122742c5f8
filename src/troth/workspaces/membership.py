"""Changing who belongs to a workspace. There is always an owner: without one nobody could invite another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from troth.kernel.errors import TrothError
from troth.workspaces.models import Member, Role, Workspace


class MemberNotFound(TrothError):
    """No such member in this workspace."""


class RoleUnknown(TrothError):
    """There is no such role."""


class LastOwner(TrothError):
    """The workspace would be left without an owner."""


def change_role(workspace_id: int, member_id: int, role: str) -> Member:
    """Give a member another role. Raises MemberNotFound, RoleUnknown, LastOwner."""
    if role not in Role.values:
        raise RoleUnknown(f"Choose a role: {', '.join(Role.values)}.")
    with _changing(workspace_id, member_id) as member:
        if role != Role.OWNER:
            _need_another_owner(member)
        member.role = role
        member.save(update_fields=["role"])
    return member


def remove_member(workspace_id: int, member_id: int) -> Member:
    """End a membership; the user remains, with their other workspaces. Raises MemberNotFound, LastOwner."""
    with _changing(workspace_id, member_id) as member:
        _need_another_owner(member)
        member.delete()
    return member


def is_last_owner(member: Member) -> bool:
    """Whether nobody else owns the workspace."""
    return (
        member.role == Role.OWNER
        and not Member.objects.filter(workspace=member.workspace_id, role=Role.OWNER, user__is_active=True).exclude(pk=member.pk).exists()
    )


@contextmanager
def _changing(workspace_id: int, member_id: int) -> Iterator[Member]:
    """One at a time in a workspace, so that two owners cannot remove each other."""
    with transaction.atomic():
        Workspace.objects.select_for_update().filter(pk=workspace_id).first()
        member = Member.objects.select_related("user", "workspace").filter(workspace=workspace_id, pk=member_id).first()
        if member is None:
            raise MemberNotFound("There is no such member in this workspace.")
        yield member


def _need_another_owner(member: Member) -> None:
    if is_last_owner(member):
        raise LastOwner("A workspace needs an owner: make another member an owner first.")
