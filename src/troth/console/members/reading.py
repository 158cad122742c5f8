"""Members as the room shows them: three statements, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator

from troth.workspaces.models import Member, Role, Workspace

MOST = 500


@dataclass(frozen=True)
class Row:
    """A member. `entered_at` is when they logged in last, in milliseconds; None: never."""

    member: Member
    entered_at: int | None
    has_second_factor: bool
    is_last_owner: bool


def read_members(workspace: Workspace) -> list[Row]:
    """All members by name, with how well their log-in is protected."""
    found = list(Member.objects.filter(workspace=workspace).select_related("user").order_by("user__name", "user__email")[:MOST])
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    protected = set(
        Authenticator.objects.filter(user__in=[member.user_id for member in found], type__in=kinds).values_list("user_id", flat=True)
    )
    owners = sum(member.role == Role.OWNER and member.user.is_active for member in found)
    return [
        Row(member, to_ms(member.user.last_login), member.user_id in protected, member.role == Role.OWNER and owners == 1)
        for member in found
    ]


def to_ms(moment: datetime | None) -> int | None:
    """An instant in milliseconds."""
    return int(moment.timestamp() * 1_000) if moment else None
