"""What can be asked about. Values in, values out; no HTTP."""

from __future__ import annotations

from django.utils.translation import gettext as _

from troth.campaigns.models import Campaign, Newsletter

MOST = 500


def list_choices(workspace_id: int) -> list[tuple[str, str]]:
    """The campaigns of a workspace and then its newsletters, the latest first: number (of a newsletter with `newsletter:` before it) and name."""
    campaigns = Campaign.objects.filter(workspace_id=workspace_id).order_by("-pk").values_list("pk", "name")[:MOST]
    newsletters = Newsletter.objects.filter(workspace_id=workspace_id).order_by("-pk").values_list("pk", "name")[:MOST]
    called = _("Newsletter: %(name)s")
    return [*((str(pk), name) for pk, name in campaigns), *((f"newsletter:{pk}", called % {"name": name}) for pk, name in newsletters)]
