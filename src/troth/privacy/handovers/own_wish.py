"""A person has what they provided sent to another controller, from “my data” and without a member (Art. 20(2) GDPR).

Whoever holds the link could download it as well, so nothing more is at stake than that; the address is checked as every target is, and may be
asked for a few times a day only, for nobody's server is to be troubled through ours.
"""

from __future__ import annotations

from django.db import transaction

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.privacy.desk.self_service import honour
from troth.privacy.handovers.handing import check_recipient, hand_over_for
from troth.privacy.handovers.targets import Target, check_target
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.takeaways import Handover

MOST_A_DAY = 3


class AskedTooOften(TrothError):
    """The person has asked as often as they may today."""

    def __init__(self) -> None:
        super().__init__(f"A person may have their data handed over {MOST_A_DAY} times a day: try again tomorrow.")


def hand_over_own(subject: Subject, target: Target, *, recipient: str, language: str, now: int) -> PrivacyRequest:
    """Record the request, and have it tried at once; it is followed like any other. Raises TargetInvalid, HandoverInvalid, AskedTooOften."""
    check_target(target)
    check_recipient(recipient)
    own = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id, received_at__gt=now - DAY)
    with transaction.atomic():
        if Handover.objects.filter(workspace_id=subject.workspace_id, request_id__in=own.values("pk")).count() >= MOST_A_DAY:
            raise AskedTooOften
        request = honour(subject, RequestType.PORTABILITY, now=now, language=language)
        hand_over_for(request, target, recipient=recipient, by="the person", now=now)
    return request
