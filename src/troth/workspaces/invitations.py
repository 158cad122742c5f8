"""Invitations: a link, given once, by which somebody becomes a member of a workspace. What is kept of it is the SHA-256 of its token."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.workspaces.keys import digest_of
from troth.workspaces.models import Invitation, Member, Role, User, Workspace

VALID_FOR = 7 * DAY


class InvitationInvalid(TrothError):
    """The address or the role cannot be invited, or whoever wants to come in may not."""


class InvitationOver(TrothError):
    """The link was used, revoked, replaced, is too old, or never was one."""

    def __init__(self) -> None:
        super().__init__("This invitation is over: ask an owner of the workspace for a new one.")


def invite(workspace: Workspace, email: str, role: str, invited_by: User | None, now: int) -> str:
    """Invite an address; returns the token of the link, readable only now. An open invitation of that address is replaced. Raises InvitationInvalid."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvitationInvalid("That is not an e-mail address: correct it.") from None
    if role not in Role.values:
        raise InvitationInvalid(f"Choose a role: {', '.join(Role.values)}.")
    if Member.objects.filter(workspace=workspace, user__email=email).exists():
        raise InvitationInvalid("That person is a member already: change their role instead.")
    token = secrets.token_urlsafe(32)
    Invitation.objects.update_or_create(
        workspace=workspace,
        email=email,
        accepted_at=None,
        defaults={
            "role": role,
            "digest": digest_of(token),
            "invited_by": invited_by,
            "created_at": _moment(now),
            "expires_at": _moment(now + VALID_FOR),
        },
    )
    return token


def find_invitation(token: str, now: int) -> Invitation:
    """The open invitation of a link. Raises InvitationOver."""
    found = _open(now).filter(digest=digest_of(token)).select_related("workspace", "invited_by").first()
    if found is None:
        raise InvitationOver
    return found


def accept(token: str, now: int, *, user: User | None = None, name: str = "", password: str = "") -> Member:
    """Make whoever holds the link a member: the logged-in `user`, or a new user of the invited address with this name and password.

    The password must have been validated. Raises InvitationOver, and InvitationInvalid when a user of that address exists and is not `user`.
    """
    with transaction.atomic():
        invitation = _open(now).filter(digest=digest_of(token)).select_for_update().first()
        if invitation is None:
            raise InvitationOver
        if user is None:
            if User.objects.filter(email=invitation.email).exists():
                raise InvitationInvalid("There is a user of this address already: log in first, then open the link again.")
            user = User.objects.create_user(invitation.email, password, name=name)
        elif user.email != invitation.email:
            raise InvitationInvalid("This invitation is for another address: log out, then open the link again.")
        member, _ = Member.objects.update_or_create(user=user, workspace_id=invitation.workspace_id, defaults={"role": invitation.role})
        invitation.accepted_at = _moment(now)
        invitation.save(update_fields=["accepted_at"])
    return member


def revoke(workspace: Workspace, invitation_id: int) -> None:
    """End an open invitation; its link opens nothing any more. Raises InvitationOver."""
    done, _ = Invitation.objects.filter(workspace=workspace, pk=invitation_id, accepted_at=None).delete()
    if not done:
        raise InvitationOver


def list_open(workspace: Workspace, now: int) -> list[Invitation]:
    """Invitations that can still be accepted, the newest first."""
    return list(_open(now).filter(workspace=workspace).select_related("invited_by").order_by("-created_at", "-pk")[:200])


def forget_old_invitations(now: int) -> bool:
    """Worker duty: of an invitation that nobody can accept any more nothing is kept; who joined stands in the audit log."""
    Invitation.objects.filter(expires_at__lte=_moment(now)).delete()
    return False


def _open(now: int) -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, expires_at__gt=_moment(now))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
