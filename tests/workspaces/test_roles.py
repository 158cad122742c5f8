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


def test_only_owner_and_privacy_officer_exercise_rights_and_read_the_audit_log() -> None:
    for permission in (Permission.EXERCISE_RIGHTS, Permission.SEE_AUDIT, Permission.EXPORT_AUDIT):
        assert roles_with(permission) == [Role.OWNER, Role.PRIVACY_OFFICER]
