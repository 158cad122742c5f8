"""What a workspace measures of its mail. Nothing, unless its owner says so; and of a person, only what that person agreed to."""

from __future__ import annotations

from collections.abc import Mapping

from troth.workspaces.models import Workspace

SWITCHES = ("measures_opens", "measures_clicks", "counts_opens")


def set_measuring(workspace: Workspace, switches: Mapping[str, bool]) -> list[str]:
    """Set those of `SWITCHES` that are given; returns which changed. It holds for mail that is on its way, and for pictures in mail sent long ago."""
    changed = [name for name in SWITCHES if name in switches and getattr(workspace, name) != switches[name]]
    for name in changed:
        setattr(workspace, name, switches[name])
    if changed:
        workspace.save(update_fields=changed)
    return changed
