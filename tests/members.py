"""Members of a workspace who are logged in to the console."""

from __future__ import annotations

from django.test import Client

from troth.workspaces.models import Member, User, Workspace


def join(workspace: Workspace, role: str, *, email: str = "", name: str = "", zone: str = "") -> Client:
    """The browser of a new member of a role, whose address is made of the role when none is given."""
    user = User.objects.create_user(email or f"{role}@example.com", name=name or role.title(), time_zone=zone)
    Member.objects.create(user=user, workspace=workspace, role=role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
