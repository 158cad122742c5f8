"""Whether an impact assessment is needed (Art. 35 GDPR): the nine criteria of the guidelines WP 248, two of which call for one.

What settings and data show is computed; what only people know (whether persons are vulnerable, whether a technology is new, whether somebody can be kept
from a right or a service) is declared. An assessment counts for the criteria that it was signed for: one more, and it is to be signed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from troth.consent.models import Purpose
from troth.kernel.errors import TrothError
from troth.people.models import Person
from troth.privacy.inventory.reading import read_inventory
from troth.privacy.inventory.rules import SENSITIVE
from troth.privacy.models import ImpactAssessment
from troth.segments.models import Segment
from troth.workspaces.models import Workspace

MANY = 100_000
"""Persons from which a scale is called large here; the guidelines name no number."""
NEEDED = 2
MOST_CHECKED = 1_000
DECLARED = ("vulnerable", "new_technology", "kept_from_a_right")
CRITERIA = {
    "profiling": "people are scored or profiled",
    "automated": "decisions with effect are taken by machine",
    "monitoring": "people are watched systematically",
    "sensitive": "data of Art. 9 or 10 is processed",
    "large_scale": "the scale is large",
    "matching": "sets of data are matched",
    "vulnerable": "people are vulnerable: children, employees, patients",
    "new_technology": "the technology is new",
    "kept_from_a_right": "people can be kept from a right, a service or a contract",
}
LONGEST = 100_000
NAMED = 5
"""Names of what is stored that stand in a reason."""


class AssessmentMissing(TrothError):
    """What profiles people is not published while an assessment is called for and not signed (Art. 35(1): prior to the processing)."""

    def __init__(self, workspace_id: int, met: Sequence[str]) -> None:
        listed = "; ".join(CRITERIA[key] for key in met)
        super().__init__(
            f"An impact assessment is called for and not signed (Art. 35): {listed}."
            f" Have it written and signed first: {settings.TROTH_URL}/console/{workspace_id}/readiness/impact"
        )


class AssessmentInvalid(TrothError):
    """An assessment that cannot be kept like this; the message begins with the field."""


@dataclass(frozen=True)
class Criterion:
    """One of the nine. `because`: the fact that meets it; empty where it is declared, or not met."""

    key: str
    is_met: bool
    because: str = ""

    @property
    def says(self) -> str:
        """What it means."""
        return CRITERIA[self.key]

    @property
    def is_declared(self) -> bool:
        """Whether only people know."""
        return self.key in DECLARED


@dataclass(frozen=True)
class Impact:
    """Where a workspace stands."""

    criteria: list[Criterion]
    latest: ImpactAssessment | None
    """The latest that was signed."""

    @property
    def met(self) -> list[str]:
        """The criteria that are met."""
        return [one.key for one in self.criteria if one.is_met]

    @property
    def signs_for(self) -> list[str]:
        """What an assessment that is signed now covers: all that is met, and the profiling that it is asked about before there is any."""
        return [key for key in CRITERIA if key in {*self.met, "profiling"}]

    @property
    def is_needed(self) -> bool:
        """Whether enough criteria are met for an assessment to be called for."""
        return len(self.met) >= NEEDED

    @property
    def is_covered(self) -> bool:
        """Whether what was signed covers all that is met."""
        return self.latest is not None and set(self.met) <= set(self.latest.criteria)

    @property
    def is_fine(self) -> bool:
        """Whether nothing is to be done."""
        return not self.is_needed or self.is_covered


def find_unassessed(workspace_id: int) -> AssessmentMissing | None:
    """What stands against publishing something that profiles people, from the criteria as they would be met then. The persons of the proof are nobody."""
    workspace = Workspace.objects.get(pk=workspace_id)
    impact = read_impact(workspace, profiles=True)
    return None if impact.is_fine or workspace.is_canary else AssessmentMissing(workspace_id, impact.met)


def check_assessments(now: int) -> tuple[bool, str]:
    """For `troth doctor`: what runs already goes on when an assessment becomes due, and this is the alarm."""
    profiling = Segment.objects.filter(archived=False).values("workspace_id")
    due = [
        own.pk
        for own in Workspace.objects.filter(pk__in=profiling, is_canary=False).order_by("pk")[:MOST_CHECKED]
        if not read_impact(own).is_fine
    ]
    if not due:
        return True, "no impact assessment is owed"
    listed = ", ".join(str(pk) for pk in due)
    return False, f"people are profiled without the impact assessment that is called for, in workspace {listed}: sign it under Readiness"


def read_impact(workspace: Workspace, *, profiles: bool = False) -> Impact:
    """Compute the criteria of a workspace. `profiles`: as they would be met if something that profiles people ran."""
    rows = ImpactAssessment.objects.filter(workspace_id=workspace.pk).order_by("-pk")
    newest = rows.first()
    declared = set(newest.declared if newest else ())
    found = {**({"profiling": ""} if profiles else {}), **_facts(workspace), **dict.fromkeys(declared, "")}
    criteria = [Criterion(key, key in found, found.get(key, "")) for key in CRITERIA]
    return Impact(criteria, rows.filter(signed_at__isnull=False).first())


def declare_criteria(workspace_id: int, declared: Iterable[str], *, user_id: int, now: int) -> None:
    """Which criteria are met that only people know of. Raises AssessmentInvalid."""
    chosen = sorted(set(declared))
    if set(chosen) - set(DECLARED):
        raise AssessmentInvalid(f"$.declared: of {', '.join(DECLARED)}; the others are computed.")
    ImpactAssessment.objects.create(workspace_id=workspace_id, declared=chosen, user_id=user_id, at=now)


def sign_assessment(workspace: Workspace, *, text: str, name: str, function: str, user_id: int, now: int) -> ImpactAssessment:
    """Somebody signs the assessment for the criteria that are met now, and for profiling. Raises AssessmentInvalid."""
    if not text.strip() or len(text) > LONGEST:
        raise AssessmentInvalid(
            "$.text: say what is done and why, whether it is needed and in proportion, what the risks are and what is done about them (Art. 35(7))."
        )
    if not name.strip() or not function.strip():
        raise AssessmentInvalid("$.name: who signs, and in which function.")
    impact = read_impact(workspace)
    declared = [one.key for one in impact.criteria if one.is_met and one.is_declared]
    return ImpactAssessment.objects.create(
        workspace_id=workspace.pk,
        declared=declared,
        criteria=impact.signs_for,
        text=text.strip(),
        name=name.strip()[:200],
        function=function.strip()[:100],
        user_id=user_id,
        at=now,
        signed_at=now,
    )


def _facts(workspace: Workspace) -> dict[str, str]:
    """The criteria that data and settings meet, each with the fact."""
    found = {}
    segments = Segment.objects.filter(workspace_id=workspace.pk, archived=False).count()
    purposes = list(Purpose.objects.filter(workspace_id=workspace.pk, archived=False))
    automated = [purpose.name for purpose in purposes if purpose.automated_decision]
    sensitive = [purpose.name for purpose in purposes if purpose.special_category]
    people = Person.objects.filter(workspace_id=workspace.pk)[:MANY].count()
    if segments:
        found["profiling"] = f"{segments} segments choose people by what they are and do"
    if automated:
        found["automated"] = f"declared by the purpose {', '.join(automated)}"
    if workspace.measures_opens or workspace.measures_clicks:
        found["monitoring"] = "it is noted who opens mail or follows its links"
    if sensitive:
        found["sensitive"] = f"declared by the purpose {', '.join(sensitive)}"
    elif stored := [item.title for item in read_inventory(workspace.pk, with_uses=False) if item.category in SENSITIVE]:
        found["sensitive"] = f"stored: {', '.join(stored[:NAMED])}"
    if people >= MANY:
        found["large_scale"] = f"{MANY:,} people or more"
    if workspace.match_on_email:
        found["matching"] = "identities with one e-mail address are joined"
    return found
