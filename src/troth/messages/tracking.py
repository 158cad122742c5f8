"""What is put into a mail to measure whether it is opened and which links are followed: only for who agreed to each, and only sealed.

Without a person's consent a link stays as it was written and no picture is theirs. Addresses name nobody: they are sealed tokens, resolved
when they are fetched, against what the person decided by then (`fetches.py`), so that a withdrawal reaches mail that was sent long ago.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from html import escape, unescape

import msgspec
from django.conf import settings

from troth.consent.catalog import CLICK_TRACKING, OPEN_TRACKING
from troth.consent.decisions import load_facts
from troth.consent.gate import Operation, Verdict, decide
from troth.content.email_template import RenderedEmail, put_at_end
from troth.kernel.crypto import derive, keyed_tag, open_token, seal_token
from troth.kernel.personal_data import Subject
from troth.messages.models import Engaged
from troth.messages.queue import Claim
from troth.messages.unsubscribe_links import UnsubscribeLink, make_preferences_url
from troth.workspaces.models import Workspace

LABEL = b"tracking/v1"
COLLECTIVE = b"tracking-collective/v1"
LONGEST_URL = 2_000
"""Longer addresses are left as they are: some readers cut links."""
MEASURES = (
    (Engaged.OPEN, Operation.TRACK_OPEN, OPEN_TRACKING),
    (Engaged.CLICK, Operation.TRACK_CLICK, CLICK_TRACKING),
)
_LINK = re.compile(r"""(<a\b[^>]*?(?<![\w-])href\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: whose mail, and for a link which one and where it leads."""

    subject: Subject
    message_id: int
    url: str = ""


def ask_to_measure(claims: Sequence[Claim], workspaces: Mapping[int, Workspace], now: int) -> dict[int, list[Verdict]]:
    """The gate on measuring each message, for what its workspace measures at all: one read a workspace and purpose."""
    verdicts: dict[int, list[Verdict]] = {claim.message_id: [] for claim in claims}
    for workspace_id in {claim.subject.workspace_id for claim in claims}:
        here = [claim for claim in claims if claim.subject.workspace_id == workspace_id]
        for kind, operation, purpose in MEASURES:
            if not is_measured(workspaces[workspace_id], kind):
                continue
            facts = load_facts(workspace_id, {claim.subject.person_id for claim in here}, purpose)
            for claim in here:
                verdicts[claim.message_id].append(decide(facts[claim.subject.person_id], purpose=purpose, operation=operation, at=now))
    return verdicts


def is_measured(workspace: Workspace, kind: Engaged) -> bool:
    """Whether a workspace measures this of anybody."""
    return workspace.measures_opens if kind is Engaged.OPEN else workspace.measures_clicks


def allowed_kinds(verdicts: Sequence[Verdict]) -> tuple[Engaged, ...]:
    """What may be measured after the gate was asked."""
    allowed = {verdict.operation for verdict in verdicts if verdict.allow}
    return tuple(kind for kind, operation, _ in MEASURES if operation in allowed)


def put_in_measures(rendered: RenderedEmail, claim: Claim, kinds: Collection[Engaged], *, counts_opens: bool) -> RenderedEmail:
    """The mail with what its person agreed to: links that are noted, a picture, and the way to change one's mind.

    `counts_opens`: who is not measured gets a picture that is the same for everybody, so that fetches can be counted without persons.
    """
    html = rendered.html
    if Engaged.CLICK in kinds:
        html = _LINK.sub(lambda found: _noted(found, claim), html)
    if kinds:
        choice = make_preferences_url(UnsubscribeLink(claim.subject, claim.purpose, claim.message_id))
        told = "As you agreed, we note when you open this mail or follow its links."
        html = put_at_end(html, f'<p style="font-size:small">{told} <a href="{escape(choice)}">Change your choice</a></p>')
    if Engaged.OPEN in kinds:
        html = put_at_end(html, _picture(f"t/o/{seal_measured(Measured(subject=claim.subject, message_id=claim.message_id))}.gif"))
    elif counts_opens:
        html = put_at_end(html, _picture(collective_path(claim.subject.workspace_id, claim.source)))
    return replace(rendered, html=html)


def _noted(found: re.Match[str], claim: Claim) -> str:
    url = unescape(found[2][1:-1]).strip()
    if not _WEB.match(url) or url.startswith(f"{settings.TROTH_URL}/") or len(url) > LONGEST_URL:
        return found[0]
    token = seal_measured(Measured(subject=claim.subject, message_id=claim.message_id, url=url))
    return f'{found[1]}"{escape(settings.TROTH_URL)}/t/c/{token}"'


def _picture(path: str) -> str:
    return f'<img src="{escape(settings.TROTH_URL)}/{path}" width="1" height="1" alt="">'


def seal_measured(measured: Measured) -> str:
    """The token of a picture or link."""
    plain = f"{measured.subject.workspace_id}\n{measured.subject.person_id}\n{measured.message_id}\n{measured.url}"
    return seal_token(LABEL, plain.encode())


def read_measured(token: str) -> Measured | None:
    """What a token says, or None when it is not one of ours."""
    plain = open_token(LABEL, token)
    if plain is None:
        return None
    workspace_id, person_id, message_id, url = plain.decode().split("\n", 3)
    return Measured(subject=Subject(int(workspace_id), int(person_id)), message_id=int(message_id), url=url)


def collective_path(workspace_id: int, source: str) -> str:
    """The path of the picture that all recipients of a source share; its tag keeps strangers from making up sources to count."""
    return f"t/a/{workspace_id}/{source}/{collective_tag(workspace_id, source)}.gif"


def collective_tag(workspace_id: int, source: str) -> str:
    """What proves that a collective address was made here."""
    return keyed_tag(derive(COLLECTIVE), f"{workspace_id}\n{source}".encode())[:12].hex()
