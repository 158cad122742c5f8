"""The register of breaches (Art. 33(5) GDPR): each one with its facts, its effects, what was done, and the decision whom to tell, with reasons.

Everything that is said of a breach is a step that stays: information may come in phases (Art. 33(4)), and an authority asks when what was known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from troth.kernel.errors import TrothError
from troth.privacy.breaches.clock import Clock, Stage, read_clock
from troth.privacy.models import Breach, BreachStep

KINDS = ("confidentiality", "integrity", "availability")
"""What was lost: secrecy, correctness, or access (EDPB Guidelines 9/2022)."""
TEXTS = ("title", "facts", "effects", "remedy", "categories")
LONGEST = {"title": 200, "facts": 20_000, "effects": 20_000, "remedy": 20_000, "categories": 2_000}
MOST = 1_000_000_000


class BreachInvalid(TrothError):
    """Something that cannot be recorded of a breach; the message begins with the field."""


class BreachOpen(TrothError):
    """Somebody is still to be told."""


class BreachUnknown(TrothError):
    """No such breach in this workspace."""


def list_breaches(workspace_id: int) -> list[Breach]:
    """All of a workspace, the latest first."""
    return list(Breach.objects.filter(workspace_id=workspace_id).order_by("-aware_at", "-pk"))


def find_breach(workspace_id: int, breach_id: int) -> Breach:
    """One of them. Raises BreachUnknown."""
    found = Breach.objects.filter(workspace_id=workspace_id, pk=breach_id).first()
    if found is None:
        raise BreachUnknown("There is no such breach in this workspace.")
    return found


def list_steps(breach: Breach) -> list[BreachStep]:
    """What was said and done, in its order."""
    return list(BreachStep.objects.filter(breach=breach).order_by("at", "pk"))


def clock_of(breach: Breach, now: int) -> Clock:
    """How long there is left. `now` in milliseconds."""
    return read_clock(breach.aware_at, breach.decision, breach.authority_told_at, now)


def record_breach(workspace_id: int, fields: Mapping[str, Any], *, user_id: int, now: int) -> Breach:
    """Enter a breach: `title`, `aware_at` (ms: when somebody responsible was reasonably sure of it) and what is known so far. Raises BreachInvalid."""
    checked = _check({"aware_at": now, "kinds": ["confidentiality"], **fields}, now)
    if not checked.get("title"):
        raise BreachInvalid("$.title: say in a few words what happened.")
    with transaction.atomic():
        breach = Breach.objects.create(workspace_id=workspace_id, created_at=now, **checked)
        write_breach_step(breach, "recorded", user_id, now, detail=sorted(checked))
    return breach


def revise_breach(breach: Breach, fields: Mapping[str, Any], *, user_id: int, now: int, note: str = "") -> None:
    """More is known (Art. 33(4)); what was said before stays as a step. Raises BreachInvalid."""
    checked = _check(fields, now, breach)
    changed = {name: value for name, value in checked.items() if getattr(breach, name) != value}
    if not changed and not note:
        return
    with transaction.atomic():
        before = {name: getattr(breach, name) for name in changed}
        for name, value in changed.items():
            setattr(breach, name, value)
        breach.save(update_fields=list(changed))
        write_breach_step(breach, "revised", user_id, now, detail=sorted(changed), before=before, note=note)


def decide_breach(breach: Breach, *, tell: bool, reason: str, high_risk: bool, user_id: int, now: int) -> None:
    """Whether the authority is told, and whether the persons are (a high risk, Art. 34(1)); without telling only with a reason. Raises BreachInvalid."""
    if not tell and not reason.strip():
        raise BreachInvalid("$.reason: say why no risk to anybody is likely: the authority may ask (Art. 33(1) and (5)).")
    if high_risk and not tell:
        raise BreachInvalid("$.high_risk: a breach of high risk is told to the authority as well (Art. 33(1), 34(1)).")
    with transaction.atomic():
        breach.decision, breach.decision_reason, breach.is_high_risk = ("tell" if tell else "no_risk"), reason, high_risk
        breach.save(update_fields=["decision", "decision_reason", "is_high_risk"])
        write_breach_step(breach, "decided", user_id, now, detail=[breach.decision, *(["high_risk"] if high_risk else [])], note=reason)


def note_told(breach: Breach, whom: str, *, at: int, note: str, user_id: int, now: int) -> None:
    """That the `authority`, the `persons` or the `controllers` were told, when and how; to an authority later than 72 hours only with reasons.

    Raises BreachInvalid.
    """
    if whom not in ("authority", "persons", "controllers"):
        raise BreachInvalid("$.whom: one of authority, persons, controllers.")
    if not breach.aware_at <= at <= now:
        raise BreachInvalid("$.at: that lies before the breach was known, or in the future.")
    if whom == "authority" and read_clock(breach.aware_at, "tell", at, now).stage is Stage.TOLD_LATE and not note.strip():
        raise BreachInvalid("$.note: after 72 hours the reasons for the delay belong to it (Art. 33(1)).")
    with transaction.atomic():
        field = f"{whom}_told_at"
        if getattr(breach, field) is None:
            setattr(breach, field, at)
        if whom == "authority":
            breach.decision = "tell"
        breach.save(update_fields=[field, "decision"])
        write_breach_step(breach, f"told_{whom}", user_id, now, detail=[at], note=note)


def close_breach(breach: Breach, *, user_id: int, now: int) -> None:
    """Nothing is left to do. Raises BreachOpen while somebody is still to be told."""
    stage = clock_of(breach, now).stage
    if stage in (Stage.UNDECIDED, Stage.TO_TELL):
        raise BreachOpen("First decide whether the authority is told, and note that it was.")
    if breach.is_high_risk and breach.persons_told_at is None:
        raise BreachOpen("The risk is high: the persons are to be told first (Art. 34(1)).")
    with transaction.atomic():
        breach.closed_at = now
        breach.save(update_fields=["closed_at"])
        write_breach_step(breach, "closed", user_id, now)


def write_breach_step(
    breach: Breach,
    what: str,
    user_id: int,
    now: int,
    *,
    detail: list[Any] | None = None,
    before: dict[str, Any] | None = None,
    note: str = "",
) -> None:
    """Write down what was said or done, in the transaction of the change. `user_id` 0: by no member."""
    BreachStep.objects.create(breach=breach, at=now, user_id=user_id, what=what, detail=detail or [], before=before or {}, note=note)


def _check(fields: Mapping[str, Any], now: int, breach: Breach | None = None) -> dict[str, Any]:
    """Texts, times, numbers and kinds as they can be kept."""
    checked: dict[str, Any] = {}
    for name, value in fields.items():
        if name in TEXTS:
            if len(value) > LONGEST[name]:
                raise BreachInvalid(f"$.{name}: at most {LONGEST[name]} characters.")
            checked[name] = value.strip()
        elif name == "kinds":
            if not value or set(value) - set(KINDS):
                raise BreachInvalid(f"$.kinds: one or more of {', '.join(KINDS)}.")
            checked[name] = [kind for kind in KINDS if kind in value]
        elif name in ("people", "records"):
            if value is not None and not 0 <= value <= MOST:
                raise BreachInvalid(f"$.{name}: a number from 0 to {MOST}, or nothing while it is not known.")
            checked[name] = value
        elif name in ("began_at", "ended_at", "aware_at"):
            if value is not None and not 0 <= value <= now:
                raise BreachInvalid(f"$.{name}: that lies in the future.")
            checked[name] = value
        else:
            raise BreachInvalid(f"$.{name}: a breach has no such field.")
    began = checked.get("began_at", breach.began_at if breach else None)
    ended = checked.get("ended_at", breach.ended_at if breach else None)
    if began is not None and ended is not None and ended < began:
        raise BreachInvalid("$.ended_at: it cannot have ended before it began.")
    return checked
