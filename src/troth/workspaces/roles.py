"""What each role may do. Least privilege: a viewer sees figures and campaigns, and no person."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from troth.workspaces.models import Role


class Permission(StrEnum):
    """One thing that a member may or may not do."""

    SEE_FIGURES = "see_figures"
    SEE_CAMPAIGNS = "see_campaigns"
    EDIT_CAMPAIGNS = "edit_campaigns"
    PUBLISH_CAMPAIGNS = "publish_campaigns"
    SEE_PEOPLE = "see_people"
    EDIT_PEOPLE = "edit_people"
    EXERCISE_RIGHTS = "exercise_rights"
    SEE_PURPOSES = "see_purposes"
    MANAGE_PURPOSES = "manage_purposes"
    SEE_NOTICES = "see_notices"
    MANAGE_NOTICES = "manage_notices"
    SEE_CONSENTS = "see_consents"
    SEE_MESSAGES = "see_messages"
    SEE_LIVE = "see_live"
    SEE_SETTINGS = "see_settings"
    EDIT_WORKSPACE = "edit_workspace"
    MANAGE_KEYS = "manage_keys"
    MANAGE_CHANNELS = "manage_channels"
    MANAGE_MEMBERS = "manage_members"
    SET_SEND_MODE = "set_send_mode"
    SEE_AUDIT = "see_audit"
    EXPORT_AUDIT = "export_audit"
    SEE_LEDGER = "see_ledger"
    SIGN_LEDGER = "sign_ledger"
    SEE_REGISTERS = "see_registers"
    KEEP_REGISTERS = "keep_registers"
    SIGN_ASSESSMENT = "sign_assessment"


_VIEWER = frozenset({Permission.SEE_FIGURES, Permission.SEE_CAMPAIGNS, Permission.SEE_PURPOSES})

ALLOWED: Mapping[str, frozenset[Permission]] = {
    Role.OWNER.value: frozenset(Permission),
    Role.MARKETER.value: _VIEWER
    | {
        Permission.EDIT_CAMPAIGNS,
        Permission.PUBLISH_CAMPAIGNS,
        Permission.SEE_PEOPLE,
        Permission.EDIT_PEOPLE,
        Permission.SEE_NOTICES,
        Permission.SEE_CONSENTS,
        Permission.SEE_MESSAGES,
        Permission.SEE_SETTINGS,
    },
    Role.DEVELOPER.value: _VIEWER
    | {
        Permission.SEE_PEOPLE,
        Permission.SEE_NOTICES,
        Permission.SEE_CONSENTS,
        Permission.SEE_MESSAGES,
        Permission.SEE_LIVE,
        Permission.SEE_SETTINGS,
        Permission.MANAGE_KEYS,
        Permission.MANAGE_CHANNELS,
    },
    Role.PRIVACY_OFFICER.value: _VIEWER
    | {
        Permission.SEE_PEOPLE,
        Permission.EDIT_PEOPLE,
        Permission.EXERCISE_RIGHTS,
        Permission.MANAGE_PURPOSES,
        Permission.SEE_NOTICES,
        Permission.MANAGE_NOTICES,
        Permission.SEE_CONSENTS,
        Permission.SEE_MESSAGES,
        Permission.SEE_LIVE,
        Permission.SEE_SETTINGS,
        Permission.SEE_AUDIT,
        Permission.EXPORT_AUDIT,
        Permission.SEE_LEDGER,
        Permission.SIGN_LEDGER,
        Permission.SEE_REGISTERS,
        Permission.KEEP_REGISTERS,
        Permission.SIGN_ASSESSMENT,
    },
    Role.DPO.value: frozenset(permission for permission in Permission if permission.value.startswith("see_"))
    | {Permission.EXPORT_AUDIT, Permission.SIGN_LEDGER, Permission.SIGN_ASSESSMENT},
    Role.VIEWER.value: _VIEWER,
}


def permits(role: str, permission: Permission) -> bool:
    """Whether members of a role may do something; an unknown role may do nothing."""
    return permission in ALLOWED.get(role, frozenset())


def roles_with(permission: Permission) -> list[Role]:
    """The roles that may do something, the mightiest first."""
    return [role for role in Role if permission in ALLOWED[role.value]]
