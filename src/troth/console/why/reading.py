"""What can be asked about. Values in, values out; no HTTP."""

from __future__ import annotations

from troth.campaigns.models import Campaign

MOST = 500


def list_choices(workspace_id: int) -> list[tuple[str, str]]:
    """The campaigns of a workspace, the latest first: number and name."""
    rows = Campaign.objects.filter(workspace_id=workspace_id).order_by("-pk").values_list("pk", "name")[:MOST]
    return [(str(pk), name) for pk, name in rows]
