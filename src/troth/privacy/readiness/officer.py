"""Whether a data protection officer has to be designated (Art. 37(1) GDPR), as far as settings and data show it.

National law may ask for one besides (in Germany for twenty people who work with data all the time, § 38 BDSG): a company looks at that itself, and
writes down what it found.
"""

from __future__ import annotations

from collections.abc import Collection

from troth.privacy.record.parties import Parties

WATCHES = frozenset({"profiling", "monitoring"})


def calls_for_officer(met: Collection[str]) -> str:
    """Why one has to be designated, from the criteria of an impact assessment that are met (`impact.CRITERIA`); empty: nothing here shows it. Pure."""
    if "large_scale" in met and WATCHES & set(met):
        return "people are watched regularly and systematically on a large scale (Art. 37(1)(b))"
    if "large_scale" in met and "sensitive" in met:
        return "data of Art. 9 or 10 is processed on a large scale (Art. 37(1)(c))"
    return ""


def judge_officer(parties: Parties, met: Collection[str]) -> tuple[bool, str]:
    """Whether it is settled who the officer is, or why there is none; and what is there."""
    if parties.dpo:
        return True, parties.dpo
    if why := calls_for_officer(met):
        return False, f"one has to be designated: {why}"
    if not parties.dpo_not_needed:
        return False, "nobody is named, and it is not said that none is needed"
    if not parties.dpo_assessment:
        return False, "said not to be needed, without the reasons"
    return True, f"none is needed: {parties.dpo_assessment}"
