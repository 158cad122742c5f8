"""Telling a processor by mail: to the address that the register has, answered by a person, recorded by a member."""

from __future__ import annotations

from collections.abc import Mapping

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.kernel.json_text import encode
from troth.messages.member_mail import can_mail, send_member_mail, write_member_mail
from troth.privacy.downstream.ways import Order, Outcome, Proof
from troth.privacy.models.disclosures import NoticeState
from troth.workspaces.models import Workspace

RESTRICTED_FOR = "restriction_for"
"""A restriction of single purposes: an objection to them is weighed."""
ASKS: Mapping[str, str] = {
    "erasure": "We have erased the personal data of the person below (Art. 17 GDPR). Erase what you got of it from us, in copies and backups too.",
    "rectification": "We have corrected the personal data of the person below (Art. 16 GDPR). Correct what you got of it from us.",
    "restriction": "We have restricted the processing of the data of the person below (Art. 18 GDPR). Keep what you got from us, and do nothing else with it.",
    RESTRICTED_FOR: "The person below has objected, and until that is decided we have restricted processing (Art. 18(1)(d) GDPR). Keep what you got of their data from us, and do nothing with it for the purposes below.",
    "restriction_lifted": "The restriction of processing of the person below, of which we told you, is lifted (Art. 18(3) GDPR).",
    "objection": "The person below has objected (Art. 21 GDPR). Stop processing what you got of their data from us for the purposes below.",
    "consent_withdrawal": "The person below has withdrawn consent (Art. 7(3) GDPR). Stop processing what you got of their data from us for the purposes below.",
}


def write(order: Order) -> tuple[str, str]:
    """Subject, which names nobody, and text. Pure but for the workspace's name."""
    notice, told = order.notice, order.told
    name, contact = Workspace.objects.values_list("name", "privacy_contact").get(pk=notice.workspace_id)
    lines = [
        f"{name} passed personal data on to you. Art. 19 GDPR obliges us to tell you:",
        ASKS[RESTRICTED_FOR if told.purposes and notice.right == "restriction" else notice.right],
        f"The person asked on {iso(notice.asked_at)[:10]}. They are known to you as:\n" + _list(told.identities),
    ]
    if told.now_known_as:
        lines.append("They are known from now on as:\n" + _list(told.now_known_as))
    if told.corrected:
        lines.append("What is right:\n" + "\n".join(f"- {key}: {_plain(value)}" for key, value in sorted(told.corrected.items())))
    if told.purposes:
        lines.append("Purposes: " + ", ".join(told.purposes))
    answer_to = f" to {contact}" if contact else ""
    lines.append(f"Please answer{answer_to} what you did, and name our reference {notice.pk}.\nDelete this mail when you have done it.")
    return f"Art. 19 GDPR: {notice.right.replace('_', ' ')}, reference {notice.pk}", "\n\n".join(lines) + "\n"


def _list(identities: list[tuple[str, str]]) -> str:
    return "\n".join(f"- {kind.replace('_', ' ')}: {value}" for kind, value in identities) or "- (no identifier is left)"


def _plain(value: object) -> str:
    return "removed" if value is None else value if isinstance(value, str) else encode(value)


def tell(order: Order) -> Outcome:
    """Mail it; the answer comes from a person."""
    if not can_mail():
        return Outcome(trouble="no_mail_server")
    try:
        send_member_mail(write_member_mail(order.address, *write(order), order.now))
    except (TrothError, OSError) as error:
        return Outcome(trouble=f"not_mailed:{type(error).__name__}"[:40])
    return Outcome(state=NoticeState.TOLD, proof=Proof(kind="mailed"))


def ask(order: Order) -> Outcome:
    """Nobody can be asked by machine."""
    return Outcome()


def cancel(order: Order) -> Outcome:
    """A mail cannot be taken back."""
    return Outcome()
