"""What each role may do."""

from __future__ import annotations

from troth.workspaces.models import Role
from troth.workspaces.roles import ALLOWED, Permission, permits, roles_with


def test_an_owner_may_do_everything_and_an_unknown_role_nothing() -> None:
    assert all(permits(Role.OWNER, permission) for permission in Permission)
    assert not any(permits("janitor", permission) for permission in Permission)


def test_every_role_has_a_place_and_a_viewer_sees_no_person() -> None:
    assert set(ALLOWED) == {role.value for role in Role}
    assert not permits(Role.VIEWER, Permission.SEE_PEOPLE)
    assert not permits(Role.VIEWER, Permission.SEE_MESSAGES)


def test_only_owner_and_privacy_officer_exercise_rights_and_with_the_dpo_read_the_audit_log() -> None:
    assert roles_with(Permission.EXERCISE_RIGHTS) == [Role.OWNER, Role.PRIVACY_OFFICER]
    for permission in (Permission.SEE_AUDIT, Permission.EXPORT_AUDIT, Permission.SIGN_ASSESSMENT):
        assert roles_with(permission) == [Role.OWNER, Role.PRIVACY_OFFICER, Role.DPO]


def test_a_data_protection_officer_reads_all_signs_and_changes_nothing() -> None:
    for permission in Permission:
        verb = permission.value.partition("_")[0]
        assert permits(Role.DPO, permission) is (verb in ("see", "sign", "export")), permission
