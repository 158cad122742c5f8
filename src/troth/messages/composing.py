"""The mail of one message: rendered on its person's data of this moment, with its links, as bytes.

A workspace in test mode has its mail go to the tester's address, marked, and without a link that could withdraw anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings

from troth.content.email_template import EmailTemplate, RenderedEmail, render_email
from troth.messages.ask_links import AskLink, make_ask_url, make_test_ask_url
from troth.messages.channels import Outgoing
from troth.messages.mail import TEST_MARK, build_mail
from troth.messages.models import Engaged
from troth.messages.needs import ASK
from troth.messages.preparing import Prepared
from troth.messages.queue import Claim
from troth.messages.tracking import allowed_kinds, put_in_measures
from troth.messages.unsubscribe_links import UnsubscribeLink, make_test_url, make_unsubscribe_url
from troth.workspaces.models import SendMode


@dataclass(frozen=True)
class Composed:
    """A message ready to be handed over."""

    outgoing: Outgoing
    rendered: RenderedEmail
    """As its author wrote it: without what measures it."""
    measured: tuple[Engaged, ...]
    is_test: bool


def compose(prepared: Prepared, now: int) -> Composed:
    """The mail to the person, or to the tester where the workspace is in test mode. Raises ContentError, MailInvalid."""
    claim, workspace = prepared.claim, prepared.workspace
    tester = workspace.test_address if workspace.send_mode == SendMode.TEST else ""
    sender, recipient = workspace.sender or settings.TROTH_SENDER, tester or prepared.person["email"]
    url = _unsubscribe_url(claim, is_test=bool(tester))
    rendered = _render(prepared, url, _ask_url(claim, is_test=bool(tester)))
    kinds = () if tester else allowed_kinds(prepared.measuring)
    if tester:
        rendered = replace(rendered, subject=f"{TEST_MARK}{rendered.subject}")
    mail = build_mail(
        rendered if tester else put_in_measures(rendered, claim, kinds, counts_opens=workspace.counts_opens),
        sender=sender,
        recipient=recipient,
        message_id=claim.message_id,
        list_unsubscribe_url=None if tester else url,
        date=now,
    )
    outgoing = Outgoing(message_id=claim.message_id, sender=sender, recipient=recipient, mail=mail)
    return Composed(outgoing=outgoing, rendered=rendered, measured=kinds, is_test=bool(tester))


def _unsubscribe_url(claim: Claim, *, is_test: bool) -> str | None:
    if not claim.is_marketing:
        return None
    return make_test_url() if is_test else make_unsubscribe_url(UnsubscribeLink(claim.subject, claim.purpose, claim.message_id))


def _ask_url(claim: Claim, *, is_test: bool) -> str | None:
    """The person's own link to the page that asks for a consent; None for any other mail."""
    if ASK not in claim.context:
        return None
    link = AskLink(claim.subject.workspace_id, claim.subject.person_id, claim.context[ASK]["id"], claim.message_id)
    return make_test_ask_url() if is_test else make_ask_url(link)


def _render(prepared: Prepared, unsubscribe_url: str | None, ask_url: str | None) -> RenderedEmail:
    template, person = prepared.template, prepared.person
    assert template is not None  # judged before
    return render_email(
        EmailTemplate(subject=template.subject, html=template.html, text=template.text),
        {"person": person, "user": person, "ask_url": ask_url, **prepared.claim.context},
        unsubscribe_url=unsubscribe_url,
    )
