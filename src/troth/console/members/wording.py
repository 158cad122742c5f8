"""What each role is for, and what each permission permits, in words for members."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as later

from troth.workspaces.models import Role
from troth.workspaces.roles import ALLOWED, Permission

ROLES: dict[str, Promise] = {
    Role.OWNER.value: later("Everything, with members and settings."),
    Role.MARKETER.value: later("Writes and publishes campaigns; sees and corrects people, sees the outbox."),
    Role.DEVELOPER.value: later("Makes keys, watches Live; sees people and the outbox."),
    Role.PRIVACY_OFFICER.value: later(
        "Exercises rights for persons: export, erase, restrict, object; keeps purposes and notices; reads the audit log and the ledger."
    ),
    Role.DPO.value: later("Reads everything, signs impact assessments and the ledger; changes nothing."),
    Role.VIEWER.value: later("Sees figures and campaigns, and no person."),
}
PERMISSIONS: dict[Permission, Promise] = {
    Permission.SEE_FIGURES: later("See figures"),
    Permission.SEE_CAMPAIGNS: later("See campaigns"),
    Permission.EDIT_CAMPAIGNS: later("Write campaigns"),
    Permission.PUBLISH_CAMPAIGNS: later("Publish and pause campaigns"),
    Permission.SEE_PEOPLE: later("See people"),
    Permission.EDIT_PEOPLE: later("Correct people"),
    Permission.EXERCISE_RIGHTS: later("Export, erase, restrict, object for a person"),
    Permission.SEE_PURPOSES: later("See purposes"),
    Permission.MANAGE_PURPOSES: later("Write and archive purposes, assign data to them"),
    Permission.SEE_NOTICES: later("See notices"),
    Permission.MANAGE_NOTICES: later("Write and publish notices, declare a preference page"),
    Permission.SEE_CONSENTS: later("See consents"),
    Permission.SEE_MESSAGES: later("See the outbox"),
    Permission.SEE_LIVE: later("Watch what comes in"),
    Permission.SEE_SETTINGS: later("See settings"),
    Permission.EDIT_WORKSPACE: later("Change settings"),
    Permission.MANAGE_KEYS: later("Make and revoke keys"),
    Permission.MANAGE_CHANNELS: later("Add, change and remove channels"),
    Permission.MANAGE_MEMBERS: later("Invite, change and remove members"),
    Permission.SET_SEND_MODE: later("Switch sending on and off"),
    Permission.SEE_AUDIT: later("Read the audit log"),
    Permission.EXPORT_AUDIT: later("Export the audit log"),
    Permission.SEE_LEDGER: later("See and check the consent ledger"),
    Permission.SIGN_LEDGER: later("Sign a checkpoint of the consent ledger"),
    Permission.SEE_REGISTERS: later("See breaches, readiness and agreements"),
    Permission.KEEP_REGISTERS: later("Keep breaches, processors, retention and assessments"),
    Permission.SIGN_ASSESSMENT: later("Write and sign an impact assessment"),
}


def list_permissions() -> list[tuple[Promise, list[tuple[str, bool]]]]:
    """Each permission, and for each role its name and whether it has it."""
    return [(words, [(str(role.label), permission in ALLOWED[role.value]) for role in Role]) for permission, words in PERMISSIONS.items()]


def list_roles() -> list[tuple[str, str, Promise]]:
    """Each role's code, its name, and what it is for."""
    return [(role.value, str(role.label), ROLES[role.value]) for role in Role]
