"""How far a workspace is: a few look-ups, each answered by an index."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings

from troth.campaigns.models import Campaign, CampaignState
from troth.intake.tallies import last_accepted
from troth.messages.models import HANDED_OVER, Message
from troth.workspaces.models import Key, User, Workspace


@dataclass(frozen=True)
class Progress:
    """What is done. `heard_at` is the minute of the latest event, in milliseconds; None before the first."""

    has_key: bool
    heard_at: int | None
    has_mail_server: bool
    has_campaign: bool
    has_sent: bool
    has_second_factor: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""
        return all((self.has_key, self.heard_at, self.has_mail_server, self.has_campaign, self.has_sent, self.has_second_factor))


def read_progress(workspace: Workspace, user: User) -> Progress:
    """How far a workspace is, and the member who looks."""
    return Progress(
        has_key=Key.objects.filter(workspace=workspace, revoked_at=None).exists(),
        heard_at=last_accepted(workspace.pk),
        has_mail_server=bool(settings.TROTH_EMAIL_URL),
        has_campaign=Campaign.objects.filter(workspace_id=workspace.pk, state=CampaignState.PUBLISHED).exists(),
        has_sent=Message.objects.filter(workspace_id=workspace.pk, state__in=HANDED_OVER).exists(),
        has_second_factor=is_mfa_enabled(user),
    )
