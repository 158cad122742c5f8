"""One message as it leaves: rendered on its person's data of this moment, with its links; a mail as bytes, anything else as short content.

A workspace in test mode has everything go to the tester's address, as a mail, marked, and without a link that could withdraw anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

from django.conf import settings

from troth.content.email_template import RenderedEmail, render_email
from troth.content.models import Template
from troth.content.short_text import ShortTemplate, render_short, short_from_json
from troth.messages.addressing import addresses_of
from troth.messages.ask_links import AskLink, make_ask_url, make_test_ask_url
from troth.messages.channels.port import Content, Medium, Outgoing
from troth.messages.domains import put_stamp
from troth.messages.mail import TEST_MARK, build_mail, headers_of
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

    outgoing: tuple[Outgoing, ...]
    """Once for each address: a person may have several devices."""
    rendered: dict[str, Any]
    """As its author wrote it, without what measures it: what is kept of it."""
    measured: tuple[Engaged, ...] = ()
    is_test: bool = False


def compose(prepared: Prepared, now: int) -> Composed:
    """The message to the person, or to the tester where the workspace is in test mode. Raises ContentError, MailInvalid."""
    if prepared.claim.channel == Medium.EMAIL:
        return _compose_mail(prepared, now)
    is_test = prepared.workspace.send_mode == SendMode.TEST
    return _mail_to_tester(prepared, now) if is_test else _compose_short(prepared)


def _compose_mail(prepared: Prepared, now: int) -> Composed:
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
    kept = {"subject": rendered.subject, "html": rendered.html, "text": rendered.text, "headers": headers_of(mail)}
    outgoing = Outgoing(message_id=claim.message_id, sender=sender, recipient=recipient, mail=mail)
    outgoing = put_stamp(outgoing, prepared.stamp, claim.subject.workspace_id)
    return Composed(outgoing=(outgoing,), rendered=kept, measured=kinds, is_test=bool(tester))


def _compose_short(prepared: Prepared) -> Composed:
    claim, short = prepared.claim, _render_short(prepared, is_test=False)
    content = Content(body=short.body, title=short.title, url=short.url, image=short.image, data=short.data)
    sender = prepared.workspace.sender or settings.TROTH_SENDER
    return Composed(
        outgoing=tuple(
            Outgoing(message_id=claim.message_id, sender=sender, recipient=value, content=content, platform=platform)
            for value, platform in addresses_of(prepared)
        ),
        rendered=_kept(short),
    )


def _mail_to_tester(prepared: Prepared, now: int) -> Composed:
    """What is no mail, as a mail that shows what would have gone: a tester has an address, and no device of the person's."""
    claim, workspace, short = prepared.claim, prepared.workspace, _render_short(prepared, is_test=True)
    sender, recipient = workspace.sender or settings.TROTH_SENDER, workspace.test_address
    lines = [part for part in (short.title, short.body, short.url, short.image) if part]
    lines += [f"{name}: {value}" for name, value in short.data.items()]
    shown = RenderedEmail(
        subject=f"{TEST_MARK}{claim.channel}: {short.title or short.body[:80]}".replace("\n", " "),
        html="".join(f'<p style="white-space:pre-line">{escape(line)}</p>' for line in lines),
        text="\n".join(lines),
    )
    mail = build_mail(shown, sender=sender, recipient=recipient, message_id=claim.message_id, list_unsubscribe_url=None, date=now)
    outgoing = Outgoing(message_id=claim.message_id, sender=sender, recipient=recipient, mail=mail)
    return Composed(outgoing=(put_stamp(outgoing, prepared.stamp, claim.subject.workspace_id),), rendered=_kept(short), is_test=True)


def _render_short(prepared: Prepared, *, is_test: bool) -> ShortTemplate:
    variables = {"person": prepared.person, "user": prepared.person, **prepared.claim.context}
    return render_short(
        short_from_json(_template(prepared).short), variables, unsubscribe_url=_unsubscribe_url(prepared.claim, is_test=is_test)
    )


def _kept(short: ShortTemplate) -> dict[str, Any]:
    """What is kept of a short message."""
    return {"subject": short.title or short.body[:80], "html": "", "text": short.body, "headers": [], "short": short.as_json()}


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


def _template(prepared: Prepared) -> Template:
    assert prepared.template is not None  # judged before
    return prepared.template


def _render(prepared: Prepared, unsubscribe_url: str | None, ask_url: str | None) -> RenderedEmail:
    template, person = _template(prepared), prepared.person
    return render_email(
        template.mail,
        {"person": person, "user": person, "ask_url": ask_url, **prepared.claim.context},
        unsubscribe_url=unsubscribe_url,
    )
