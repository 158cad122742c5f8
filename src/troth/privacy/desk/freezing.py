"""What somebody objects to stands still from the moment on which they are heard, until it is decided (Art. 18(1)(d), 21(1) GDPR).

It is a restriction of those purposes alone, which the gate knows as it knows every decision: nothing is collected, computed or sent for them, and
what waits is skipped when it would leave. Carried out, the objection takes its place for good; else it is lifted, and the person was told before.
Whoever got data for those purposes is told of the restriction when it begins, and of its end (Art. 19).
"""

from __future__ import annotations

from collections.abc import Sequence

from troth.consent.catalog import Catalog, load_catalog
from troth.consent.decisions import find_frozen
from troth.consent.gate import CONSENT_FREE, OBJECTABLE
from troth.kernel.personal_data import Subject
from troth.privacy.downstream.opening import find_known, open_lifting, open_notices
from troth.privacy.history import By, write_step
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.requests import carry_restriction
from troth.privacy.states import OPEN

OPENDSR = "opendsr"
FREEZE, UNFREEZE = "freeze", "unfreeze"
NAMED, FROZEN = "named", "frozen"
"""In `PrivacyRequest.steps`: the purposes that the person named, and those that stand still."""
REASON = "an objection is weighed (Art. 18(1)(d))"


def name_purposes(request: PrivacyRequest, purposes: Sequence[str] | None) -> None:
    """Keep what the person names, on a request that is not saved yet; None: they named nothing. Raises PurposeUnknown.

    A restriction is limited to purposes by another controller alone, who weighs an objection to them and tells us over OpenDSR (Art. 19).
    """
    is_limited = request.type == RequestType.RESTRICTION and request.source == OPENDSR
    if purposes and (is_limited or request.type == RequestType.OBJECTION):
        catalog = load_catalog(request.workspace_id)
        request.steps = {**request.steps, NAMED: [catalog.require(key).key for key in purposes]}


def named_purposes(request: PrivacyRequest) -> list[str] | None:
    """What the person named; None: nothing in particular."""
    named: list[str] | None = request.steps.get(NAMED)
    return named


def reached_purposes(catalog: Catalog, named: Sequence[str] | None) -> list[str]:
    """What an objection can reach of what was named; of one that names nothing all that it could mean, for it is not known yet what it does not."""
    wanted = catalog.purposes.values() if named is None else [rule for key in named if (rule := catalog.rule(key))]
    marketing = catalog.direct_marketing
    if named is None:
        return sorted(rule.key for rule in wanted if rule.basis in OBJECTABLE or rule.key in marketing)
    return sorted(rule.key for rule in wanted if rule.basis not in CONSENT_FREE or rule.is_marketing)


def freeze(request: PrivacyRequest, *, by: By, now: int) -> None:
    """Let stand still what an objection is about; of a right that is none, or of nobody on file, nothing. In the transaction that takes it."""
    if request.type != RequestType.OBJECTION or request.person_id is None:
        return
    purposes = reached_purposes(load_catalog(request.workspace_id), named_purposes(request))
    if not purposes:
        return
    request.steps = {**request.steps, FROZEN: purposes}
    request.save(update_fields=["steps"])
    subject = Subject(request.workspace_id, request.person_id)
    known = find_known([subject])
    carry_restriction(subject, lift=False, source=by.door, reason=REASON, now=now, purposes=purposes)
    write_step(request, FREEZE, by, now, facts={"purposes": purposes})
    open_notices(request, known, now, purposes=purposes, right=RequestType.RESTRICTION)


def list_frozen(request: PrivacyRequest) -> list[str]:
    """The purposes that stand still at this moment because of a request."""
    if request.person_id is None or FROZEN not in request.steps:
        return []
    return find_frozen(Subject(request.workspace_id, request.person_id), request.steps[FROZEN])


def unfreeze(request: PrivacyRequest, *, by: By, now: int) -> None:
    """Lift what still stands still because of a closed request, unless another open objection says so, too. In the transaction that closes it.

    Whoever was refused or answered was told by that letter, which left before; whoever takes an objection back says so themselves.
    """
    purposes = list_liftable(request, request.steps.get(FROZEN, ()))
    if not purposes or request.person_id is None:
        return
    told = request.state != RequestState.WITHDRAWN
    reason = f"{REASON}: {request.state}"
    subject = Subject(request.workspace_id, request.person_id)
    known = find_known([subject])
    carry_restriction(subject, lift=True, source=by.door, reason=reason, now=now, told=told, purposes=purposes)
    write_step(request, UNFREEZE, by, now, facts={"purposes": purposes, "person_told_before": told})
    open_lifting(request, known, now, purposes=purposes)


def list_liftable(request: PrivacyRequest, purposes: Sequence[str]) -> list[str]:
    """Those of the purposes that stand still, and not because another objection is open."""
    if request.person_id is None or not purposes:
        return []
    others = _frozen_by_others(request)
    return [key for key in find_frozen(Subject(request.workspace_id, request.person_id), purposes) if key not in others]


def _frozen_by_others(request: PrivacyRequest) -> set[str]:
    own = PrivacyRequest.objects.filter(
        workspace_id=request.workspace_id, person_id=request.person_id, type=RequestType.OBJECTION, state__in=OPEN
    )
    return {key for steps in own.exclude(pk=request.pk).values_list("steps", flat=True) for key in steps.get(FROZEN, ())}
