"""When a key was last used is kept, whichever door it opened."""

from __future__ import annotations

from typing import Any

from troth.kernel.clock import now_ms
from troth.workspaces.keys import Keyring, create_key, find_grant, revoke_key, write_uses
from troth.workspaces.models import Key


def last_used(label: str) -> int:
    at = Key.objects.get(label=label).last_used_at
    return round(at.timestamp() * 1000) if at else 0


def test_uses_are_written_down_together_and_once(workspace: Any, django_assert_num_queries: Any) -> None:
    tokens = {label: create_key(workspace, "write", label=label) for label in ("door", "control", "idle")}
    keyring, now = Keyring(), now_ms()
    keyring.refresh()
    write_uses(now)
    assert keyring(tokens["door"])
    assert keyring("unknown") is None
    assert find_grant(tokens["control"])
    with django_assert_num_queries(1):
        write_uses(now + 1)
    with django_assert_num_queries(0):
        write_uses(now + 2)
    assert (last_used("door"), last_used("control"), last_used("idle")) == (now + 1, now + 1, 0)


def test_a_revoked_key_is_not_used(workspace: Any) -> None:
    token = create_key(workspace, "write", label="gone")
    revoke_key(Key.objects.get(label="gone"))
    assert find_grant(token) is None
    write_uses(now_ms())
    assert last_used("gone") == 0
