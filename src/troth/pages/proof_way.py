"""How the made-up persons of the proof of erasure come through a consent form: what they entered travels in a link, and is confirmed by the button.

The mail that carries the link is not sent, for nothing of theirs leaves.
"""

from __future__ import annotations

import time

from troth.consent.catalog import MARKETING_EMAIL
from troth.consent.forms import Asked, FormField, FormTerms, ask_in, create_form, list_forms
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.kernel.errors import TrothError
from troth.pages.opt_in import confirm, enter, read_entry
from troth.privacy.proofs.ways import SEEN_AFTER_S, Walk

NOTICE, LANGUAGE = "proof", "en"
TEXT = "The daily proof of erasure asks whether it may write. It never does: who enters an address here is made up, and forgotten within minutes."
SAYS = {
    "controller": "The daily proof of erasure",
    "purposes": "to prove that erasure erases",
    "data": "a made-up address",
    "withdrawal": "at any time: nothing is ever sent",
}


class NotConfirmed(TrothError):
    """The form did not take what was entered."""


def prepare(walk: Walk) -> None:
    """The form is there, and stays for the next proof."""
    if list_forms(walk.workspace_id):
        return
    save_notice(walk.workspace_id, NOTICE, title="Proof", purposes=[MARKETING_EMAIL])
    save_draft(walk.workspace_id, NOTICE, LANGUAGE, text=TEXT, says=SAYS)
    publish_notice(walk.workspace_id, NOTICE, material=False, now=walk.now)
    create_form(
        walk.workspace_id, FormTerms(title="Proof", notice=NOTICE, fields=[FormField(attribute="said", label="Said")]), now=walk.now
    )
    time.sleep(SEEN_AFTER_S)


def opt_in(walk: Walk) -> None:
    """Each fills the form in, and confirms by the link."""
    asked = ask_in(list_forms(walk.workspace_id)[0], LANGUAGE)
    if asked is None:
        raise NotConfirmed("The form of the proof has no text: it is made anew when the form is deleted.")
    for person in walk.people:
        _confirm(asked, person.values, walk.now)


def _confirm(asked: Asked, own: dict[str, str], now: int) -> None:
    entry = read_entry(enter(asked, own["email"], [MARKETING_EMAIL], {"said": own["form"]}, page="", now=now), now)
    if entry is None or confirm(entry, now=now).status != "given":
        raise NotConfirmed("The form of the proof was not confirmed: see whether its notice still asks for marketing.")
