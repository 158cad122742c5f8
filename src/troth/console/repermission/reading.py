"""Who lacks a consent, counted or from a sample, and how askings went. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as later

from troth.campaigns.models import AskingState, Repermission
from troth.campaigns.repermission import Answers, count_answers
from troth.campaigns.repermission_asking import ASKED, ASKED_BEFORE, NO_GROUND
from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.gate import Operation, permitted_where
from troth.consent.lacking import MAY_BE_ASKED, STANCE, Lack, lack_in_sql
from troth.consent.models import LegalBasis
from troth.console.naming import names_of
from troth.console.reach import Reach, choose_people, count_people
from troth.people.models import PersonState

SHOWN = 50
LOOKED_AT = 20_000
"""Persons looked at for one page of those who lack a consent."""
MOST_ASKINGS = 100
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


def consent_purposes(workspace_id: int) -> list[PurposeRule]:
    """Those in use that rest on consent, marketing first."""
    rules = [rule for rule in load_catalog(workspace_id).purposes.values() if rule.basis == LegalBasis.CONSENT]
    return sorted(rules, key=lambda rule: (not rule.is_marketing, rule.name.casefold()))


def read_standings(workspace_id: int, rule: PurposeRule, now: int) -> Standings:
    """One read along the key of persons: all of them, or a sample of buckets."""
    asked, values, factor = choose_people(workspace_id)
    expression, moments = lack_in_sql(rule, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {expression} AS lack, COUNT(*) FROM people_person p LEFT JOIN {STANCE}"
            f" WHERE {asked} AND p.state = {int(PersonState.ACTIVE)} GROUP BY 1",
            [*moments, rule.key, *values],
        )
        found = {lack: Reach(number * factor, exact=factor == 1) for lack, number in cursor.fetchall()}
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
    expression, moments = lack_in_sql(rule, now)
    created_at, bucket, person_id = after or (-1, -1, -1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.created_at, p.bucket, p.person_id, {expression} FROM (SELECT created_at, bucket, person_id, state FROM people_person"
            " WHERE workspace_id = %s AND (created_at, bucket, person_id) > (%s, %s, %s) ORDER BY created_at, bucket, person_id LIMIT %s) p"
            f" LEFT JOIN {STANCE} WHERE p.state = {int(PersonState.ACTIVE)} ORDER BY 1, 2, 3",
            [*moments, workspace_id, created_at, bucket, person_id, LOOKED_AT, rule.key],
        )
        looked_at, chosen = 0, []
        last: tuple[int, ...] = ()
        for *position, person, reason in cursor:
            looked_at, last = looked_at + 1, (*position, person)
            if reason == lack:
                chosen.append(person)
            if len(chosen) == SHOWN:
                break
    more = len(chosen) == SHOWN or looked_at == LOOKED_AT
    names = names_of(workspace_id, set(chosen))
    return [(person, names.get(person, "")) for person in chosen], last if more else None


def estimate_asked(asking: Repermission, now: int) -> Reach:
    """How many would be asked now: who lacks the consent, and may be written to on the ground."""
    catalog = load_catalog(asking.workspace_id)
    where, values = permitted_where(catalog.rule(asking.purpose), Operation.ASK, at=now)
    on, others = permitted_where(catalog.rule(asking.ground), Operation.MESSAGE, at=now)
    return count_people(asking.workspace_id, f"{where} AND {on}", [*values, *others])


def find_asking(workspace_id: int, asking_id: int) -> Repermission:
    """An asking of the workspace. Raises Http404."""
    found = Repermission.objects.filter(workspace_id=workspace_id, pk=asking_id).first() if asking_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def list_askings(workspace_id: int) -> list[tuple[Repermission, str, int]]:
    """The latest, with the name of the purpose and how many were asked."""
    catalog = load_catalog(workspace_id)
    rows = Repermission.objects.filter(workspace_id=workspace_id).defer("html").order_by("-pk")[:MOST_ASKINGS]
    return [(row, rule.name if (rule := catalog.rule(row.purpose)) else row.purpose, row.counts.get(ASKED, 0)) for row in rows]


def read_progress(asking: Repermission) -> Progress:
    """From the counts kept with it, and where those asked stand now."""
    counts: Mapping[str, Any] = asking.counts
    reasons = [(WORDS[lack], counts[f"{ASKED}:{lack}"]) for lack in MAY_BE_ASKED if counts.get(f"{ASKED}:{lack}")]
    left_out = [(says, counts[name]) for name, says in LEFT_OUT.items() if counts.get(name)]
    left_out += [(name.replace("_", " "), number) for name, number in counts.items() if ":" not in name and name not in (ASKED, *LEFT_OUT)]
    asked = counts.get(ASKED, 0)
    answers = count_answers(asking) if asking.state != AskingState.DRAFT else Answers()
    return Progress(asked, reasons, left_out, asked + sum(number for _, number in left_out), answers)
