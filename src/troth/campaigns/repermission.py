"""Asking for consent that is lacking: what is asked, on which ground the mail may be sent, and what became of it.

Whoever refused, withdrew, objected or is restricted is not asked; nobody is asked twice for the same version of a purpose. The mail itself
needs a ground: courts hold that asking for consent to marketing is marketing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from troth.campaigns.models import AskingState, Repermission
from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.evidence import Shown
from troth.consent.models import LegalBasis, Standing
from troth.content.liquid import compile_template, render
from troth.content.publishing import compile_draft, issue_inline
from troth.kernel.errors import TrothError
from troth.messages.models import HANDED_OVER, State
from troth.messages.queue import move_waiting

ASK_URL = "ask_url"
"""The variable with the person's own link."""
LONGEST_SUBJECT = 500
MOST_COUNTED = 10_000
_PROBE = "https://ask.invalid/"


class RepermissionInvalid(TrothError):
    """What cannot be asked like this; the message begins with the field."""


class RepermissionStateWrong(TrothError):
    """It is too late, or too early, for that."""


@dataclass(frozen=True)
class Answers:
    """What became of those who were asked; at most 10,000 are looked at."""

    sent: int = 0
    agreed: int = 0
    declined: int = 0
    exact: bool = True


def source_of(repermission_id: int) -> str:
    """What the messages of an asking name as their source."""
    return f"repermission:{repermission_id}"


def create_repermission(workspace_id: int, fields: Mapping[str, str], *, now: int) -> Repermission:
    """A draft. `fields` are `purpose`, `notice`, `ground`, `subject` and `html`. Raises RepermissionInvalid, PurposeUnknown, ContentError."""
    made = Repermission(workspace_id=workspace_id, created_at=now, **fields)
    _check(made)
    made.save()
    return made


def edit_repermission(repermission: Repermission, fields: Mapping[str, str]) -> Repermission:
    """Change a draft. Raises as `create_repermission`, and RepermissionStateWrong once it was started."""
    with transaction.atomic():
        row = _lock(repermission)
        if row.state != AskingState.DRAFT:
            raise RepermissionStateWrong("It was started, and what people were asked is not changed afterwards: make a new one.")
        for name, value in fields.items():
            setattr(row, name, value)
        _check(row)
        row.save()
    return row


def start_repermission(repermission: Repermission, *, now: int) -> Repermission:
    """Begin to ask, or go on after it was stopped. Raises RepermissionInvalid, RepermissionStateWrong."""
    with transaction.atomic():
        row = _lock(repermission)
        if row.state in (AskingState.ASKING, AskingState.DONE):
            raise RepermissionStateWrong("Everybody who may be asked is being asked, or was.")
        _check(row)
        if row.template_id is None:
            row.template_id = issue_inline(row.workspace_id, _parts_of(row)).pk
            row.started_at = now
        row.state, row.ended_at = AskingState.ASKING, None
        row.save()
    move_waiting(row.workspace_id, source_of(row.pk), State.CANCELLED, State.QUEUED)
    return row


def stop_repermission(repermission: Repermission, *, now: int) -> Repermission:
    """Ask nobody more, and do not send what is still queued. Raises RepermissionStateWrong."""
    with transaction.atomic():
        row = _lock(repermission)
        if row.state not in (AskingState.ASKING, AskingState.DONE):
            raise RepermissionStateWrong("It is not asking anybody.")
        row.state, row.ended_at = AskingState.STOPPED, now
        row.save(update_fields=["state", "ended_at"])
    for waiting in (State.QUEUED, State.HELD):
        move_waiting(row.workspace_id, source_of(row.pk), waiting, State.CANCELLED)
    return row


def find_asked_purpose(workspace_id: int, key: str) -> PurposeRule:
    """A purpose that consent can be asked for. Raises RepermissionInvalid, PurposeUnknown."""
    rule = load_catalog(workspace_id).require(key)
    if rule.basis != LegalBasis.CONSENT:
        raise RepermissionInvalid("$.purpose: it does not rest on consent, so there is nothing to ask for.")
    if rule.imbalance:
        raise RepermissionInvalid("$.purpose: people are not free to agree here (rec. 43), so asking them gives no consent.")
    return rule


def find_shown(workspace_id: int, notice: str, purpose: str) -> list[Shown]:
    """The texts of the latest published version of a notice that ask about a purpose, one a language."""
    notices = load_catalog(workspace_id).notices
    latest = max((int(version) for key, version, _ in notices if key == notice), default=0)
    return [
        shown
        for (key, version, _), shown in sorted(notices.items())
        if (key, version) == (notice, str(latest)) and purpose in shown.purposes
    ]


def _check(asked: Repermission) -> None:
    find_asked_purpose(asked.workspace_id, asked.purpose)
    if not find_shown(asked.workspace_id, asked.notice, asked.purpose):
        raise RepermissionInvalid("$.notice: choose a published notice that asks about this purpose.")
    load_catalog(asked.workspace_id).require(asked.ground)
    if asked.ground == asked.purpose:
        raise RepermissionInvalid("$.ground: the mail cannot rest on the consent that it asks for: choose a purpose that holds without it.")
    if len(asked.subject) > LONGEST_SUBJECT or "\0" in asked.subject + asked.html:
        raise RepermissionInvalid(f"$.subject: at most {LONGEST_SUBJECT} characters, and none that no mail may hold.")
    compiled, _used = compile_draft(asked.workspace_id, _parts_of(asked))
    if _PROBE not in render(compile_template(compiled.html, escape=True), {ASK_URL: _PROBE}):
        raise RepermissionInvalid("$.html: nobody could answer: put a link to {{ ask_url }} into it.")


def _parts_of(asked: Repermission) -> dict[str, str]:
    return {"subject": asked.subject, "html": asked.html, "text": ""}


def _lock(repermission: Repermission) -> Repermission:
    return Repermission.objects.select_for_update().get(pk=repermission.pk, workspace_id=repermission.workspace_id)


def count_answers(repermission: Repermission) -> Answers:
    """Where those who got the mail stand on the purpose by what they said since it was made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), COALESCE(SUM(CASE WHEN s.standing = %s AND s.at >= m.created_at THEN 1 ELSE 0 END), 0),"
            " COALESCE(SUM(CASE WHEN s.standing = %s AND s.at >= m.created_at THEN 1 ELSE 0 END), 0)"
            " FROM (SELECT bucket, person_id, created_at FROM messages_message WHERE workspace_id = %s AND source = %s AND state IN (%s, %s, %s, %s) LIMIT %s) m"
            " LEFT JOIN consent_stance s ON s.bucket = m.bucket AND s.person_id = m.person_id AND s.purpose = %s",
            [
                int(Standing.GRANTED),
                int(Standing.REFUSED),
                repermission.workspace_id,
                source_of(repermission.pk),
                *HANDED_OVER,
                MOST_COUNTED + 1,
                repermission.purpose,
            ],
        )
        sent, agreed, declined = (int(number) for number in cursor.fetchone())
    return Answers(min(sent, MOST_COUNTED), agreed, declined, exact=sent <= MOST_COUNTED)
