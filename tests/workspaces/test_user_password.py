"""A password is set from the command line."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from troth.workspaces.models import User

PASSWORD = "correct horse battery"


def test_a_password_is_set_from_the_command_line(transactional_db: None) -> None:
    User.objects.create_user("alice@example.com", PASSWORD)
    out = io.StringIO()
    call_command("user_password", "ALICE@example.com", password="another good staple", stdout=out)
    assert out.getvalue() == "The password is set.\n"
    user = User.objects.get()
    assert user.check_password("another good staple")
    assert not user.check_password(PASSWORD)
    with pytest.raises(CommandError, match="short"):
        call_command("user_password", "alice@example.com", password="short")
    with pytest.raises(CommandError, match="no user"):
        call_command("user_password", "nobody@example.com", password="another good staple")
