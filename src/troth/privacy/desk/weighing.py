"""When a request need not be honoured as it stands: it is manifestly unfounded or excessive (Art. 12(5)), or grounds prevail over an objection (Art. 21(1)).

The controller has to show both, so both are written down with their reasons before anybody is told.
"""

from __future__ import annotations

import re

from troth.consent.catalog import load_catalog
from troth.consent.models import LegalBasis
from troth.kernel.errors import TrothError
from troth.privacy.desk.carrying_out import Details
from troth.privacy.desk.cases import ReasonMissing, subject_of
from troth.privacy.desk.deciding import check_may_decide
from troth.privacy.desk.freezing import named_purposes
from troth.privacy.history import By, Words, read_history, write_step
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.states import Act, StepImpossible, check_refusable, next_state

FEE = re.compile(r"\d{1,6}(\.\d{2})? [A-Z]{3}")
WEIGH = "weigh"


class ObjectionAbsolute(TrothError):
    """An objection that is not weighed against anything."""


def check_fee(request: PrivacyRequest, details: Details, reasons: str) -> None:
    """Raises StepImpossible, NotOursToDecide, PersonGone, ReasonMissing: what stands against asking for a fee."""
    next_state(request.state, Act.REFUSE)  # whoever might be refused might be asked for a fee instead
    check_refusable(request.type)
    check_may_decide(request.workspace_id)
    subject_of(request)
    if not details.ground:
        raise ReasonMissing("Say whether the request is manifestly unfounded or excessive: else the answer costs nothing (Art. 12(5)).")
    if not FEE.fullmatch(details.fee):
        raise ReasonMissing("Say the fee with its currency, e.g. 12.50 EUR; it covers what the answer costs and no more.")
    if not reasons.strip():
        raise ReasonMissing("Say why: it is for you to show that the request is manifestly unfounded or excessive (Art. 12(5)).")


def check_weighing(request: PrivacyRequest, details: Details) -> None:
    """Raises StepImpossible, PersonGone, ReasonMissing, PurposeUnknown, ObjectionAbsolute: what stands against weighing an objection."""
    if request.type != RequestType.OBJECTION:
        raise StepImpossible("Only an objection is weighed (Art. 21(1)).")
    next_state(request.state, Act.REFUSE)
    subject_of(request)
    if not details.finding.strip():
        raise ReasonMissing("Write the weighing down: your grounds, the person's situation, and which prevails.")
    catalog = load_catalog(request.workspace_id)
    rules = [catalog.require(key) for key in details.purposes or ()]
    if details.prevails and not rules:
        raise ReasonMissing("Name the purposes that are weighed: an objection to direct marketing is honoured without any weighing.")
    if details.prevails and (marketing := [rule.key for rule in rules if rule.is_marketing]):
        raise ObjectionAbsolute(f"An objection to direct marketing ({', '.join(marketing)}) is not weighed: honour it (Art. 21(2), (3)).")
    if details.prevails and (consented := [rule.key for rule in rules if rule.basis == LegalBasis.CONSENT]):
        raise ObjectionAbsolute(
            f"What rests on consent ({', '.join(consented)}) is not weighed: an objection withdraws it, so honour it (Art. 7(3))."
        )


def weigh(request: PrivacyRequest, details: Details, *, by: By, now: int) -> None:
    """Write the weighing down; the words are the person's and go with them."""
    facts = {"prevails": details.prevails, "purposes": list(details.purposes or ())}
    write_step(request, WEIGH, by, now, facts=facts, words=Words(details.finding))


def check_refusing_objection(request: PrivacyRequest) -> None:
    """An objection is refused only after a weighing in which the controller's grounds prevailed. Raises ReasonMissing."""
    if request.type != RequestType.OBJECTION:
        return
    weighings = [step for step in read_history(request) if step.act == WEIGH]
    if not (weighings and weighings[-1].facts.get("prevails")):
        raise ReasonMissing("Weigh the objection first, and write down why compelling legitimate grounds prevail (Art. 21(1)).")
    weighed = {key for step in weighings if step.facts["prevails"] for key in step.facts["purposes"]}
    if left := set(named_purposes(request) or ()) - weighed:
        raise ReasonMissing(f"Weigh {', '.join(sorted(left))} too, or honour the objection to it: the person named it (Art. 21(1)).")
