"""Worker duty: owners are told of a new version of an agreement, which they are asked to accept anew (Art. 28(3), 5(2) GDPR). Each once, a few at a time."""

from __future__ import annotations

from collections import defaultdict

import structlog
from django.conf import settings

from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail, mail_each
from troth.privacy.addressees import speech_of
from troth.privacy.mail_words import AGREEMENT
from troth.workspaces.agreements.registry import Kind
from troth.workspaces.models import AgreementVersion, Member, Role, User

log = structlog.get_logger()
AT_ONCE = 20


def tell_of_agreements(now: int) -> bool:
    """Mail the next owners; True while there may be more. Without a mail server the room Agreements and the list of readiness alone tell it."""
    if not can_mail():
        return False
    version = AgreementVersion.objects.filter(told_to__isnull=False).order_by("pk").first()
    if version is None:
        return False
    owned = Member.objects.filter(role=Role.OWNER, user__is_active=True, workspace__is_canary=False, workspace__leaves_at=None)
    users = list(
        User.objects.filter(pk__gt=version.told_to, pk__in=owned.values("user"))
        .order_by("pk")
        .values_list("pk", "email", "locale")[:AT_ONCE]
    )
    # Marked before it is mailed: a mail that is lost is better than the same mail again and again; the list of readiness shows it to all.
    last = users[-1][0] if len(users) == AT_ONCE else None
    if not AgreementVersion.objects.filter(pk=version.pk, told_to=version.told_to).update(told_to=last):
        return True
    workspaces: dict[int, list[int]] = defaultdict(list)
    spoken: dict[int, str] = {pk: locale for pk, _email, locale in users}
    rows = owned.filter(user__in=list(spoken)).order_by("workspace_id")
    for user_id, workspace_id, language in rows.values_list("user_id", "workspace_id", "workspace__language"):
        workspaces[user_id].append(workspace_id)
        spoken[user_id] = spoken[user_id] or language
    try:
        mail_each(((address, *_write(version, workspaces[pk], speech_of(spoken[pk]))) for pk, address, _locale in users), now)
    except (TrothError, OSError) as error:
        log.warning("agreement_not_mailed", version=version.pk, error=type(error).__name__)
    return True


def _write(version: AgreementVersion, workspace_ids: list[int], say: Speech) -> tuple[str, str]:
    label = say(Kind(version.kind).label)
    links = "\n".join(f"{settings.TROTH_URL}/console/{pk}/agreements/{version.kind}" for pk in workspace_ids)
    text = say.whole("agreement", AGREEMENT, agreement=label, number=version.number)
    return say("{agreement}: version {number} is to be accepted", agreement=label, number=version.number), f"{text}\n\n{links}\n"
