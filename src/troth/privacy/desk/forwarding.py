"""A processor passes on what persons ask of it: the controller decides (Art. 28(3)(e) GDPR), and has to know within 48 hours.

The worker mails it to the controller's contact as soon as it came; without one, or while no mail leaves, members are told before the time is over
and once it is, and say themselves that they passed it on. What comes over OpenDSR comes from the controller.
"""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import transaction

from troth.kernel.clock import HOUR, MINUTE, iso
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail, send_member_mail, write_member_mail
from troth.people.queries import load_identifiers
from troth.privacy.addressees import find_officers, mail_to, speech_of
from troth.privacy.desk.deciding import is_for_another
from troth.privacy.disclosures.log import note_mailed
from troth.privacy.history import OPEN, By, Words, read_history, read_words, write_step
from troth.privacy.mail_words import FORWARDED
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.desk import RequesterFile
from troth.privacy.models.forwarding import Forwarding
from troth.privacy.news import Asked, asked
from troth.privacy.seats import day_at
from troth.workspaces.models import Workspace

log = structlog.get_logger()
WITHIN = 48 * HOUR
SOON_BEFORE = 12 * HOUR
AGAIN_IN = 15 * MINUTE
TOGETHER = 50
FORWARD = "forward"
OPENDSR = "opendsr"
MAIL, OTHERWISE = "mail", "otherwise"
SOON, OVER = "soon", "over"
PRESSES = {
    SOON: "Until {at} UTC: pass the request of a person on to the controller (Art. 28 GDPR).",
    OVER: "The 48 hours are OVER: pass the request of a person on to the controller (Art. 28 GDPR).",
}


class NotForwarded(TrothError):
    """It could not be passed on now, or need not be."""


def begin(request: PrivacyRequest, now: int) -> None:
    """A request of a person came, inside the transaction that opens it: where another controller decides, it has to be passed on."""
    if request.source == OPENDSR or not is_for_another(request.workspace_id):
        return
    Forwarding.objects.create(request_id=request.pk, workspace_id=request.workspace_id, due_at=request.received_at + WITHIN, next_at=now)
    if request.person_id is not None:
        asked.tell([Asked(Subject(request.workspace_id, request.person_id), request.pk, request.type, request.received_at)], now)


def forwarding_of(request: PrivacyRequest) -> Forwarding | None:
    """What has to be, or was, passed on of a request; None where nothing has."""
    return Forwarding.objects.filter(pk=request.pk, workspace_id=request.workspace_id).first()


def check_forwarding(request: PrivacyRequest) -> None:
    """Whether it is still to be passed on. Raises NotForwarded."""
    own = forwarding_of(request)
    if own is None or own.forwarded_at is not None:
        raise NotForwarded("This request is passed on already, or need not be: only what persons ask of a processor must.")


def forward(request: PrivacyRequest, *, by: By, now: int) -> None:
    """Mail it to the controller's contact, and write that down. Raises NotForwarded. Not in a transaction."""
    check_forwarding(request)
    own = Workspace.objects.get(pk=request.workspace_id)
    if not own.controller_contact:
        raise NotForwarded("The controller's contact is not known: say it in Settings, or pass the request on yourself.")
    if not can_mail():
        raise NotForwarded("This installation has no mail server: set TROTH_EMAIL_URL, or pass the request on yourself.")
    say = speech_of(own.controller_language)
    subject = say("A person's request reached us: {right}, {request}", right=say.named(request.type), request=request.pk)
    try:
        send_member_mail(write_member_mail(own.controller_contact, subject, _write(request, own, say), now))
    except (TrothError, OSError) as error:
        raise NotForwarded(f"The mail could not be handed over ({type(error).__name__}): it is tried again.") from None
    note_forwarded(request, how=MAIL, by=by, now=now)
    if request.person_id is not None:
        note_mailed([Subject(request.workspace_id, request.person_id)], now)


def note_forwarded(request: PrivacyRequest, *, how: str = OTHERWISE, said: str = "", by: By, now: int) -> None:
    """Write down that it was passed on. Raises NotForwarded."""
    with transaction.atomic():
        changed = Forwarding.objects.filter(pk=request.pk, workspace_id=request.workspace_id, forwarded_at=None)
        if not changed.update(forwarded_at=now, how=how, next_at=None, trouble=""):
            check_forwarding(request)
        write_step(request, FORWARD, by, now, facts={"how": how}, words=Words(said))


def _write(request: PrivacyRequest, workspace: Workspace, say: Speech) -> str:
    """Who asks for what, and by when they are answered, in the controller's language: it has to know whom it is about."""
    opened = next((step.pk for step in read_history(request) if step.act == OPEN), 0)
    words = read_words(request).get(opened)
    facts = {
        say("Right"): say.named(request.type),
        say("Received"): iso(request.received_at)[:10],
        say("Answer due"): day_at(request.seat, request.due_at).isoformat(),
        say("State here"): say.named(request.state),
        say("Our reference"): str(request.pk),
    }
    lines = [
        say.whole("forward", FORWARDED, workspace=workspace.name, controller=workspace.processes_for),
        "\n".join(f"{name}: {value}" for name, value in facts.items()),
        f"{say('They are known as:')}\n{_known_as(request, say)}",
    ]
    if words and words.text:
        lines.append(f"{say('Their words:')}\n{words.text}")
    lines.append(say("Answer to this address, or by OpenDSR, what is to be done. Members find it at\n{place}", place=_place(request)))
    return "\n\n".join(lines) + "\n"


def _known_as(request: PrivacyRequest, say: Speech) -> str:
    if request.person_id is not None:
        known = [(handle.kind, handle.value) for handle in load_identifiers([request.person_id]).get(request.person_id, [])]
    else:
        known = [("email", file.address) for file in RequesterFile.objects.filter(pk=request.pk) if file.address]
    nothing = say("nothing: nobody is on file any more, or they did not say")
    return "\n".join(f"- {say.named(kind)}: {value}" for kind, value in known) or f"- {nothing}"


def _place(request: PrivacyRequest) -> str:
    return f"{settings.TROTH_URL}/console/{request.workspace_id}/desk/{request.pk}"


def forward_due(now: int) -> bool:
    """Worker duty: pass on what came, and tell members of what could not be; True while there may be more."""
    due = list(Forwarding.objects.filter(next_at__lte=now).order_by("next_at")[:TOGETHER])
    for own in due:
        # Whoever passes it on dies perhaps: then it is tried again.
        if Forwarding.objects.filter(pk=own.pk, next_at=own.next_at).update(next_at=now + AGAIN_IN):
            _forward(own, now)
    return len(due) == TOGETHER


def _forward(own: Forwarding, now: int) -> None:
    request = PrivacyRequest.objects.filter(pk=own.pk, workspace_id=own.workspace_id).first()
    if request is None or not is_for_another(own.workspace_id):
        own.delete()
        return
    try:
        forward(request, by=By("worker"), now=now)
    except NotForwarded as error:
        log.warning("request_not_forwarded", request_id=str(own.pk), error=type(error).__name__)
        Forwarding.objects.filter(pk=own.pk).update(trouble="not_mailed")
        _chase(own, request, now)


def stage_of(own: Forwarding, now: int) -> str:
    """How late it is: empty while there is time. Pure."""
    return OVER if now >= own.due_at else SOON if now >= own.due_at - SOON_BEFORE else ""


def _chase(own: Forwarding, request: PrivacyRequest, now: int) -> None:
    """Tell members that it is time, and that it is too late: each once."""
    stage = stage_of(own, now)
    if not stage or stage == own.chased or not can_mail():
        return

    def write(say: Speech) -> tuple[str, str]:
        text = say(PRESSES[stage], at=iso(own.due_at)[:16])
        subject = say("A person's request has to be passed on to the controller")
        return subject, f"{text}\n- {say.named(request.type)}: {_place(request)}\n"

    try:
        mail_to(find_officers(own.workspace_id, is_over=stage == OVER), write, now)
    except (TrothError, OSError) as error:
        log.error("forwarding_not_chased", request_id=str(own.pk), error=type(error).__name__)
        return
    Forwarding.objects.filter(pk=own.pk).update(chased=stage)


def count_late(now: int) -> int:
    """How many requests should have been passed on by now, of the installation."""
    return Forwarding.objects.filter(forwarded_at=None, due_at__lt=now).count()
