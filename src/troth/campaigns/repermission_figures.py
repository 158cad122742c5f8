"""Who lacks a consent, counted and person by person; and how an asking went, in figures. What console, API and command line tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from troth.campaigns.models import AskingState, Repermission
from troth.campaigns.repermission import Answers, count_answers
from troth.campaigns.repermission_asking import ASKED
from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.lacking import STANCE, Lack, lack_in_sql
from troth.consent.models import LegalBasis
from troth.people.models import PersonState

LOOKED_AT = 20_000
"""Persons looked at for one page of those who lack a consent."""
Position = tuple[int, int, int]
"""created_at, bucket, person_id: where a list goes on."""


@dataclass(frozen=True)
class Figures:
    """How an asking went so far. People are looked at once each: all are either asked or left out."""

    asked: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Those asked, by why their consent was lacking (`lacking.Lack`)."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Those not asked, by what the gate said, or `asked_before`, `no_ground`."""
    answers: Answers = field(default_factory=Answers)

    @property
    def looked_at(self) -> int:
        """All whom the asking came to."""
        return self.asked + sum(self.left_out.values())


def consent_purposes(workspace_id: int) -> list[PurposeRule]:
    """Those in use that rest on consent, marketing first."""
    rules = [rule for rule in load_catalog(workspace_id).purposes.values() if rule.basis == LegalBasis.CONSENT]
    return sorted(rules, key=lambda rule: (not rule.is_marketing, rule.name.casefold()))


def count_lacks(workspace_id: int, rule: PurposeRule, now: int, *, people: tuple[str, Sequence[int]] | None = None) -> dict[Lack, int]:
    """How many stand where on a purpose, each reason that there is. Over all buckets of the workspace, or those persons whom a condition on `p` chooses."""
    asked, values = people or ("p.workspace_id = %s", [workspace_id])
    expression, moments = lack_in_sql(rule, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {expression} AS lack, COUNT(*) FROM people_person p LEFT JOIN {STANCE}"
            f" WHERE {asked} AND p.state = {int(PersonState.ACTIVE)} GROUP BY 1",
            [*moments, rule.key, *values],
        )
        return {Lack(lack): int(number) for lack, number in cursor.fetchall()}


def list_lacking(
    workspace_id: int, rule: PurposeRule, lacks: Collection[Lack], now: int, after: Sequence[int] | None, limit: int
) -> tuple[list[tuple[int, Lack]], Position | None]:
    """Persons who stand in one of these ways on a purpose, the oldest first, and where to go on, if there may be more.

    Goes along the index on age, over all buckets, and looks at 20,000 persons at most: a page can be empty and there are more nevertheless.
    """
    expression, moments = lack_in_sql(rule, now)
    created_at, bucket, person_id = after or (-1, -1, -1)
    chosen: list[tuple[int, Lack]] = []
    looked_at, last = 0, None
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.created_at, p.bucket, p.person_id, {expression} FROM (SELECT created_at, bucket, person_id, state FROM people_person"
            " WHERE workspace_id = %s AND (created_at, bucket, person_id) > (%s, %s, %s) ORDER BY created_at, bucket, person_id LIMIT %s) p"
            f" LEFT JOIN {STANCE} WHERE p.state = {int(PersonState.ACTIVE)} ORDER BY 1, 2, 3",
            [*moments, workspace_id, created_at, bucket, person_id, LOOKED_AT, rule.key],
        )
        for at, place, person, reason in cursor:
            looked_at, last = looked_at + 1, (at, place, person)
            if reason in lacks:
                chosen.append((person, Lack(reason)))
            if len(chosen) == limit:
                break
    return chosen, last if len(chosen) == limit or looked_at == LOOKED_AT else None


def read_figures(asking: Repermission) -> Figures:
    """From the counts kept with it, and where those asked stand now."""
    counts: Mapping[str, int] = asking.counts
    mark = f"{ASKED}:"
    return Figures(
        asked=counts.get(ASKED, 0),
        reasons={name.removeprefix(mark): number for name, number in counts.items() if name.startswith(mark)},
        left_out={name: number for name, number in counts.items() if ":" not in name and name != ASKED},
        answers=count_answers(asking) if asking.state != AskingState.DRAFT else Answers(),
    )


def find_repermission(workspace_id: int, repermission_id: int) -> Repermission | None:
    """An asking of the workspace; None when there is none of this id."""
    return Repermission.objects.filter(workspace_id=workspace_id, pk=repermission_id).first() if 0 < repermission_id < 2**63 else None


def list_repermissions(workspace_id: int) -> list[Repermission]:
    """The latest 100 askings of a workspace, the newest first."""
    return list(Repermission.objects.filter(workspace_id=workspace_id).order_by("-pk")[:100])
