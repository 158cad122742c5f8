"""Who lacks a consent, counted or from a sample, and how askings went. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as later

from troth.campaigns.models import Repermission
from troth.campaigns.repermission import Answers
from troth.campaigns.repermission_asking import ASKED, ASKED_BEFORE, NO_GROUND
from troth.campaigns.repermission_figures import (
    count_lacks,
    find_repermission,
    list_lacking,
    list_repermissions,
    read_figures,
)
from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.consent.lacking import MAY_BE_ASKED, Lack
from troth.consent.models import Notice
from troth.console.naming import names_of
from troth.console.reach import Reach, choose_people, count_people

SHOWN = 50
WORDS: Mapping[str, str | Promise] = {
    Lack.MISSING: later("never asked"),
    Lack.UNKNOWN: later("claimed without proof, or left unanswered"),
    Lack.EXPIRED: later("expired"),
    Lack.PURPOSE_CHANGED: later("given before the purpose changed"),
    Lack.ASKED_AGAIN: later("counts, but the purpose changed since"),
    Lack.REFUSED: later("said no"),
    Lack.GIVEN: later("agreed"),
}
LEFT_OUT: Mapping[str, str | Promise] = {
    "has_consent": later("have agreed already"),
    "withdrawn": later("said no, and are not asked again"),
    "restricted": later("are restricted (Art. 18)"),
    "being_erased": later("are being erased"),
    ASKED_BEFORE: later("were asked before"),
    NO_GROUND: later("may not be written to on this ground"),
}


@dataclass(frozen=True)
class Standings:
    """A purpose that rests on consent, and how many stand where."""

    rule: PurposeRule
    given: Reach
    refused: Reach
    lacks: list[tuple[str, str | Promise, Reach]]
    """Reason, in words, and how many."""

    @property
    def number_lacking(self) -> int:
        """All whose consent is lacking and may be asked for."""
        return sum(reach.number for _, _, reach in self.lacks)


@dataclass(frozen=True)
class Progress:
    """How an asking went so far: who was asked for which reason, who was left out and why, and what they answered."""

    asked: int
    reasons: list[tuple[str | Promise, int]]
    left_out: list[tuple[str | Promise, int]]
    looked_at: int
    answers: Answers


def read_standings(workspace_id: int, rule: PurposeRule, now: int) -> Standings:
    """One read along the key of persons: all of them, or a sample of buckets."""
    asked, values, factor = choose_people(workspace_id)
    counted = count_lacks(workspace_id, rule, now, people=(asked, values))
    found = {lack: Reach(number * factor, exact=factor == 1) for lack, number in counted.items()}
    nobody = Reach(0, exact=True)
    return Standings(
        rule=rule,
        given=found.get(Lack.GIVEN, nobody),
        refused=found.get(Lack.REFUSED, nobody),
        lacks=[(lack.value, WORDS[lack], found[lack]) for lack in MAY_BE_ASKED if lack in found],
    )


def read_lacking(
    workspace_id: int, rule: PurposeRule, lack: Lack, now: int, after: Sequence[int]
) -> tuple[list[tuple[int, str]], tuple[int, ...] | None]:
    """Persons who lack a consent for a reason, as id and name, the oldest first; and where to go on, if there may be more."""
    chosen, more = list_lacking(workspace_id, rule, [lack], now, after, SHOWN)
    people = [person for person, _ in chosen]
    names = names_of(workspace_id, set(people))
    return [(person, names.get(person, "")) for person in people], more


def estimate_asked(asking: Repermission, now: int) -> Reach:
    """How many would be asked now: who lacks the consent, and may be written to on the ground."""
    catalog = load_catalog(asking.workspace_id)
    where, values = permitted_where(catalog.rule(asking.purpose), Operation.ASK, at=now)
    on, others = permitted_where(catalog.rule(asking.ground), Operation.MESSAGE, at=now)
    return count_people(asking.workspace_id, f"{where} AND {on}", [*values, *others])


def find_asking(workspace_id: int, asking_id: int) -> Repermission:
    """An asking of the workspace. Raises Http404."""
    found = find_repermission(workspace_id, asking_id)
    if found is None:
        raise Http404
    return found


def find_title(workspace_id: int, notice: str) -> str:
    """What members call a notice; its key where it has no title any more."""
    return Notice.objects.values_list("title", flat=True).filter(workspace_id=workspace_id, key=notice).first() or notice


def list_askings(workspace_id: int) -> list[tuple[Repermission, str, int]]:
    """The latest, with the name of the purpose and how many were asked."""
    catalog = load_catalog(workspace_id)
    rows = list_repermissions(workspace_id)
    return [(row, rule.name if (rule := catalog.rule(row.purpose)) else row.purpose, row.counts.get(ASKED, 0)) for row in rows]


def read_progress(asking: Repermission) -> Progress:
    """Its figures in words."""
    figures = read_figures(asking)
    reasons = [(WORDS[lack], figures.reasons[lack]) for lack in MAY_BE_ASKED if figures.reasons.get(lack)]
    left_out = [(says, figures.left_out[name]) for name, says in LEFT_OUT.items() if figures.left_out.get(name)]
    left_out += [(name.replace("_", " "), number) for name, number in figures.left_out.items() if name not in LEFT_OUT]
    return Progress(figures.asked, reasons, left_out, figures.looked_at, figures.answers)
