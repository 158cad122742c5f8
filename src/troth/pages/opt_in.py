"""Double opt-in: what was entered in a form travels, sealed, in the link of one mail, and is stored only once the person has pressed a button.

A GET never confirms: scanners of mail open every link (C13). Before the button nothing about the address is kept, so that nobody is stored by somebody else's typing.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.template.loader import render_to_string

from troth.consent.form_words import label_of, words_in
from troth.consent.forms import Asked, ask_in, find_form
from troth.consent.models import AskedAddress, UsedToken
from troth.content.email_template import RenderedEmail
from troth.intake.commands import ACCEPTED, Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, iso
from troth.kernel.crypto import open_token, seal_token
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.kernel.sql import insert_rows
from troth.messages.direct import send_to_whom_it_concerns
from troth.pages.mail_limit import may_write
from troth.people.identifiers import EMAIL
from troth.people.lookup import find_people
from troth.privacy.disclosures.log import CONFIRMATION, note_mailed
from troth.privacy.disclosures.reading import was_mailed
from troth.workspaces.models import Workspace

log = structlog.get_logger()
LABEL = b"double-opt-in/v1"
GOOD_FOR = 7 * DAY
LIMIT_LABEL = b"double-opt-in-limit/v1"
LONGEST_TOKEN = 6_000
SOURCE = "form"
METHOD = "double_opt_in"


class Entry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What somebody entered, as it travels in the link."""

    form_id: str
    form_version: int
    notice_version: str
    language: str
    email: str
    purposes: list[str]
    attributes: dict[str, str]
    at: int
    page: str
    """The site that showed the form, without a path; empty: Troth itself."""
    nonce: bytes


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a confirmation: `given`, `used` before, or `refused`."""

    status: str
    subject: Subject | None = None
    purposes: tuple[str, ...] = ()
    at: int = 0


def enter(asked: Asked, email: str, purposes: list[str], attributes: Mapping[str, str], *, page: str, now: int) -> str:
    """What was entered, sealed, as it travels in the link; nothing of it is kept."""
    entry = Entry(
        form_id=asked.form.form_id,
        form_version=asked.form.version,
        notice_version=asked.shown.version,
        language=asked.shown.language,
        email=email,
        purposes=purposes,
        attributes=dict(attributes),
        at=now,
        page=page,
        nonce=secrets.token_bytes(9),
    )
    return seal_token(LABEL, msgspec.msgpack.encode(entry))


def write_to(asked: Asked, email: str, purposes: list[str], attributes: Mapping[str, str], *, page: str, now: int) -> None:
    """Send the mail that asks to confirm, beside the request; whoever asks learns nothing of whether the address is known or was erased."""
    form = asked.form
    if not may_write(LIMIT_LABEL, form.workspace_id, email, now):
        return
    token = enter(asked, email, purposes, attributes, page=page, now=now)
    workspace = Workspace.objects.get(pk=form.workspace_id)
    rendered = _render(workspace.name, asked.shown.language, f"{settings.TROTH_URL}/c/{token}")
    threading.Thread(target=_send, args=(workspace, rendered, email, now), name="confirmation-mail", daemon=True).start()


def _render(sender: str, language: str, url: str) -> RenderedEmail:
    words = words_in(language) or {}
    facts = {"words": words, "sender": sender, "url": url, "told": words["mail"].format(sender=sender), "language": language}
    text = f"{facts['told']}\n\n{url}\n\n{words['mail_else']}\n"
    html = render_to_string("mails/confirmation.html", facts)
    return RenderedEmail(subject=words["subject"].format(sender=" ".join(sender.split())), html=html, text=text)


def _send(workspace: Workspace, rendered: RenderedEmail, email: str, now: int) -> None:
    try:
        send_to_whom_it_concerns(workspace, rendered, email, now)
        # Of who is not on file yet it is noted when they confirm: before that nothing of them is kept.
        note_mailed(find_people(workspace.pk, email, (EMAIL,)), now, basis=CONFIRMATION)
    except (TrothError, OSError, DatabaseError) as error:
        log.error("confirmation_mail_failed", workspace_id=workspace.pk, error=type(error).__name__)
    finally:
        connection.close()


def read_entry(token: str, now: int) -> Entry | None:
    """What a link of ours says; None when it is forged, cut off or older than seven days."""
    plain = open_token(LABEL, token) if len(token) <= LONGEST_TOKEN else None
    entry = msgspec.msgpack.decode(plain, type=Entry) if plain else None
    return entry if entry and now - entry.at < GOOD_FOR else None


def asked_then(entry: Entry) -> Asked | None:
    """The form with the notice that the person saw."""
    return ask_in(find_form(entry.form_id), entry.language, entry.notice_version)


def confirm(entry: Entry, *, now: int) -> Confirmed:
    """Record what the person confirmed, once. They are known from now on, if they were not."""
    asked = asked_then(entry)
    if asked is None:
        return Confirmed(status="refused")
    identity = Identity(email=entry.email)
    about: dict[str, Any] = {"workspace_id": asked.form.workspace_id, "source": SOURCE, "received_at": now}
    decisions = [
        Decide(
            identity=identity,
            decision=Decision.GRANT,
            purpose=purpose,
            method=METHOD,
            evidence=_evidence(asked, entry, purpose, now),
            **about,
        )
        for purpose in entry.purposes
    ]
    with transaction.atomic():
        if not _take(entry):
            return Confirmed(status="used")
        outcomes = apply([Identify(identity=identity, attributes=dict(entry.attributes), **about), *decisions], now=now)
        given = [
            purpose
            for purpose, outcome in zip(entry.purposes, outcomes[1:], strict=True)
            if outcome.status == ACCEPTED and not outcome.findings
        ]
        if not given:
            transaction.set_rollback(True)
            return Confirmed(status="refused")
        subject = Subject(asked.form.workspace_id, outcomes[1].person_id)
        if not was_mailed(subject, CONFIRMATION, entry.at):
            note_mailed([subject], entry.at, basis=CONFIRMATION)
    return Confirmed(status="given", subject=subject, purposes=tuple(given), at=now)


def _take(entry: Entry) -> bool:
    """Whether this confirmation is taken for the first time."""
    used = hashlib.sha256(entry.nonce).digest()
    return insert_rows("INSERT INTO consent_usedtoken (token_hash, until)", [(used, entry.at + GOOD_FOR)], "ON CONFLICT DO NOTHING") == 1


def _evidence(asked: Asked, entry: Entry, purpose: str, now: int) -> dict[str, Any]:
    """What proves this one consent (Art. 7(1)): the notice seen, the box, and how the address was confirmed."""
    question = next((question for question in asked.questions if question.rule.key == purpose), None)
    return {
        "form": entry.form_id,
        "form_version": entry.form_version,
        "notice_key": asked.shown.key,
        "notice_version": asked.shown.version,
        "notice_hash": asked.shown.text_hash,
        "language": entry.language,
        "surface_language": entry.language,
        "default_state": "unchecked",
        "control_kind": "checkbox",
        "control_label": label_of(question, entry.language) if question else "",
        "explicit": bool(question and question.rule.special_category),
        "purposes": [purpose],
        "submitted_at": iso(entry.at),
        "submitted_fields": ["email", *entry.attributes],
        "page": entry.page,
        "double_opt_in": {"method": "POST", "human": True, "at": iso(now)},
        "doi_token_hash": hashlib.sha256(entry.nonce).hexdigest(),
    }


def forget_used(now: int) -> bool:
    """Worker duty: a confirmation that is too old to be pressed need not be remembered, nor how often an address was written to yesterday."""
    UsedToken.objects.filter(until__lt=now).delete()
    AskedAddress.objects.filter(latest__lt=now - DAY).delete()
    return False
