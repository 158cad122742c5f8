"""Creating and finding workspaces."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from troth.kernel.clock import SECOND
from troth.kernel.errors import TrothError
from troth.workspaces.keys import create_key
from troth.workspaces.models import Account, Member, Role, User, Workspace


class WorkspaceNotFound(TrothError):
    """No such workspace."""


class WorkspaceExists(TrothError):
    """The name is taken."""


@dataclass(frozen=True)
class NewWorkspace:
    """A workspace with its keys, which are readable only now."""

    workspace: Workspace
    keys: Mapping[str, str]


def create_workspace(name: str, *, owner: str | None = None, password: str | None = None) -> NewWorkspace:
    """Create an account, a workspace and its three keys: auth_token (server), tracking_api_key (public), write_key (Segment).

    `owner` is the e-mail address of a user who becomes its owner, created if need be. Raises WorkspaceExists.
    """
    with transaction.atomic():
        if Workspace.objects.filter(name=name).exists():
            raise WorkspaceExists("A workspace of that name exists: choose another name.")
        workspace = Workspace.objects.create(account=Account.objects.create(name=name), name=name)
        if owner:
            user = User.objects.filter(email=owner.lower()).first() or User.objects.create_user(owner, password)
            Member.objects.create(user=user, workspace=workspace, role=Role.OWNER)
        kinds = {"auth_token": "server", "tracking_api_key": "tracking", "write_key": "write"}
        return NewWorkspace(workspace, {label: create_key(workspace, kind, label=label) for label, kind in kinds.items()})


def list_workspaces() -> list[Workspace]:
    """All that belong to somebody, in the order of their making."""
    return list(Workspace.objects.filter(is_canary=False).order_by("pk"))


def canary_workspace() -> Workspace:
    """The workspace of the daily proof; made when first asked for. It has no keys and no members."""
    found = Workspace.objects.filter(is_canary=True).order_by("pk").first()
    if found is not None:
        return found
    with transaction.atomic():
        name = f"proof of erasure {secrets.token_hex(4)}"
        return Workspace.objects.create(account=Account.objects.create(name=name), name=name, is_canary=True)


_matching: dict[int, tuple[int, bool]] = {}


def matches_on_email(workspace_id: int, now: int) -> bool:
    """Whether two identities with one e-mail address are one person there; at most a second old."""
    held = _matching.get(workspace_id)
    if held is None or not 0 <= now - held[0] < SECOND:
        found = Workspace.objects.filter(pk=workspace_id).values_list("match_on_email", flat=True).first()
        held = _matching[workspace_id] = (now, bool(found))
    return held[1]


def find_workspace(id_or_name: str | int) -> Workspace:
    """A workspace by its id or its name. Raises WorkspaceNotFound."""
    text = str(id_or_name)
    found = Workspace.objects.filter(name=text).first()
    if found is None and text.isascii() and text.isdigit() and len(text) < 19:
        found = Workspace.objects.filter(pk=int(text)).first()
    if found is None:
        raise WorkspaceNotFound("There is no such workspace: `troth workspace list` shows them.")
    return found


def set_controller(workspace: Workspace, name: str, contact: str | None = None, language: str | None = None) -> None:
    """Have a workspace process on behalf of a controller, who decides persons' requests; empty: its own account decides.

    `contact`: its e-mail address, `language`: in which it is written to; what is None stays.
    """
    workspace.processes_for = " ".join(name.split())[:200]
    if contact is not None:
        workspace.controller_contact = contact
        Workspace._meta.get_field("controller_contact").clean(contact, workspace)
    if language is not None:
        workspace.controller_language = language
    workspace.save(update_fields=["processes_for", "controller_contact", "controller_language"])
