"""What makes a consent invalid: rules C01–C16 as one pure function, and S01–S05 for the soft opt-in.

A claim that *shows* a fault is void: no better paper can mend it, and the person has to be asked anew. A claim that only *lacks* something may have
been a good consent that nobody can prove: it is kept as unknown and permits nothing (Art. 7(1)). C06, C07 and C12 are asked again at every use,
by the gate; whether a record is what it was when it was written (C16) is asked of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from troth.consent.ages import age_of_consent
from troth.consent.catalog import CLICK_TRACKING, OPEN_TRACKING, PurposeRule
from troth.consent.evidence import Evidence, Finding, Shown, hash_text, moment_of

VOID: Literal["void"] = "void"
MISSING: Literal["missing"] = "missing"
NO_ACT = frozenset({"scroll", "silence", "dismiss", "inactivity", "continued_use", "pre_ticked"})
ACTS = frozenset({"signature", "spoken", "document", "button", "reply"})
"""Acts of which there is no state before."""
MUST_SAY = ("controller", "purposes", "data", "withdrawal")
CLOCKS_APART = 5 * 60_000
TRACKING = frozenset({OPEN_TRACKING, CLICK_TRACKING})


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """All that the rules look at."""

    evidence: Evidence
    purpose: PurposeRule
    shown: Shown | None = None
    """None: no notice that Troth keeps."""
    at: int
    """When the person decided, in milliseconds."""
    now: int
    refused_at: int | None = None
    """When the person last refused, withdrew or objected, if that is where they stand."""
    by_staff: bool = False
    """Written by somebody on the controller's side: the command line, the console, an import."""
    imbalance: bool = False
    is_soft: bool = False
    """No consent is claimed, but that the person is a customer who did not object (soft opt-in)."""


Found = tuple[Literal["void", "missing"], str] | None


def lint(claim: Claim) -> list[Finding]:
    """Every fault of a claim, in the order of the rules; none: it is a consent."""
    return list(_findings(claim))


def _findings(claim: Claim) -> Iterator[Finding]:
    for code, (rule, ground, mend) in (SOFT_RULES if claim.is_soft else RULES).items():
        if found := rule(claim):
            yield Finding(code=code, kind=found[0], why=found[1], mend=mend, ground=ground)


def _act(claim: Claim) -> Found:
    evidence = claim.evidence
    if evidence.control_kind in NO_ACT:
        return VOID, f"Nothing was done to agree: {evidence.control_kind.replace('_', ' ')} is no affirmative act."
    if evidence.default_state not in ("", "unchecked"):
        return VOID, "The box was ticked before the person acted."
    if not evidence.default_state and evidence.control_kind not in ACTS:
        return MISSING, "It is not said what the person did, nor how the box stood before."
    return None


def _one_purpose(claim: Claim) -> Found:
    asked = {*claim.evidence.purposes, claim.purpose.key}
    return (VOID, "One control stood for more than one purpose.") if len(asked) > 1 and not _merges_pixel(asked) else None


def _free(claim: Claim) -> Found:
    if claim.evidence.bundled_with_terms:
        return VOID, "Agreeing was bundled with accepting terms."
    return (VOID, "The service was refused to whoever did not agree.") if claim.evidence.required_for_service else None


def _text(claim: Claim) -> Found:
    evidence, shown = claim.evidence, claim.shown
    stated = evidence.notice_hash.lower()
    own = hash_text(evidence.notice) if evidence.notice.strip() else ""
    kept = shown.text_hash if shown else ""
    if len({name for name in (stated, own, kept) if name}) > 1:
        return VOID, "The text is not the one that its hash or its notice names."
    return None if own or kept else (MISSING, "The text that the person was shown is not there.")


def _says(claim: Claim) -> Found:
    says = claim.shown.says if claim.shown and claim.shown.says is not None else claim.evidence.says
    if claim.shown and claim.shown.purposes and claim.purpose.key not in claim.shown.purposes:
        return VOID, "The notice does not ask about this purpose."
    if says is None:
        return None
    needed = [*MUST_SAY, *(["transfers"] if claim.purpose.transfers else []), *(["automated_decision"] if claim.purpose.automated else [])]
    lacking = [name.replace("_", " ") for name in needed if not says.get(name, "").strip()]
    return (VOID, f"The notice does not say: {', '.join(lacking)}.") if lacking else None


def _current(claim: Claim) -> Found:
    since = claim.purpose.material_since
    published = claim.shown.published_at if claim.shown else 0
    if claim.at < since or 0 < published < since:
        return VOID, "The purpose or its notice was changed materially after what the person saw."
    return None


def _not_refused(claim: Claim) -> Found:
    return (
        (VOID, "The person refused or withdrew later than this.") if claim.refused_at is not None and claim.refused_at > claim.at else None
    )


def _grown_up(claim: Claim) -> Found:
    evidence = claim.evidence
    if evidence.age is None or evidence.age >= age_of_consent(evidence.country, claim.at):
        return None
    if evidence.guardian is None or not evidence.guardian.verified:
        return VOID, "A child agreed, and no verified guardian did."
    ends = moment_of(evidence.of_age_on)
    if ends is None:
        return MISSING, "A guardian agreed, but it is not said when the child comes of age."
    return (VOID, "The child has come of age since: the guardian's consent has ended.") if ends <= claim.now else None


def _explicit(claim: Claim) -> Found:
    if not claim.purpose.special_category or claim.evidence.explicit:
        return None
    return (VOID if claim.evidence.explicit is False else MISSING), "The data is of a special category, and the consent is not explicit."


def _language(claim: Claim) -> Found:
    shown = (claim.shown.language if claim.shown else "") or claim.evidence.language
    around = claim.evidence.surface_language
    if shown and around and shown.split("-")[0].lower() != around.split("-")[0].lower():
        return VOID, "The notice was in another language than the page around it."
    return None


def _own_hand(claim: Claim) -> Found:
    evidence = claim.evidence
    if evidence.given_by in ("other_login", "role_address"):
        return VOID, "It was given in somebody else's login or by an address that several people read."
    if (claim.by_staff or evidence.given_by == "staff") and not (evidence.artefact.strip() or evidence.note.strip()):
        return MISSING, "Staff recorded it, and there is nothing that the person signed, wrote or said."
    return None


def _balance(claim: Claim) -> Found:
    return (VOID, "People here depend on the controller, so that they cannot agree freely.") if claim.imbalance else None


def _confirmed(claim: Claim) -> Found:
    confirmation = claim.evidence.double_opt_in
    if confirmation is not None and (confirmation.method.upper() not in ("POST", "") or not confirmation.human):
        return VOID, "The confirmation was fetched, as mail scanners fetch every link, and not sent by a person."
    if claim.purpose.double_opt_in and (confirmation is None or confirmation.method.upper() != "POST"):
        return MISSING, "The purpose asks for a double opt-in, and the address was not confirmed."
    return None


def _easy_to_withdraw(claim: Claim) -> Found:
    evidence = claim.evidence
    more_clicks = None not in (evidence.giving_clicks, evidence.withdrawal_clicks) and (evidence.withdrawal_clicks or 0) > (
        evidence.giving_clicks or 0
    )
    if more_clicks or evidence.withdrawal_login or evidence.withdrawal_channel:
        return VOID, "Withdrawing is harder than agreeing was: more clicks, a login or another channel."
    return None


def _merges_pixel(asked: set[str]) -> bool:
    return bool(asked & TRACKING) and bool(asked - TRACKING)


def _own_pixel(claim: Claim) -> Found:
    if _merges_pixel({*claim.evidence.purposes, claim.purpose.key}):
        return VOID, "The consent to tracking in mail was merged into another one."
    return None


def _in_time(claim: Claim) -> Found:
    if claim.at > claim.now + CLOCKS_APART:
        return VOID, "It is dated in the future."
    if claim.shown and claim.at < claim.shown.published_at:
        return VOID, "It is dated before its notice was published."
    return None


RULES: dict[str, tuple[Callable[[Claim], Found], str, str]] = {
    "C01": (_act, "Art. 4(11), rec. 32", "Ask again with a box that is empty, or a button, and send `default_state: unchecked`."),
    "C02": (_one_purpose, "Art. 7(2), rec. 43", "Ask again with one control for each purpose."),
    "C03": (_free, "Art. 7(4), rec. 43", "Ask apart from the terms, and serve those who say no as well."),
    "C04": (_text, "Art. 7(1)", "Send the text shown as `notice`, or name a published notice by `notice_key` and `notice_version`."),
    "C05": (_says, "Art. 13, EDPB 05/2020 ¶64", "Publish a version of the notice that says it, and ask again with that one."),
    "C06": (_current, "Art. 6(4), 13(3)", "Publish the notice anew and ask again."),
    "C07": (_not_refused, "Art. 7(3)", "Leave it: ask again only if the person wants to be asked."),
    "C08": (_grown_up, "Art. 8", "Have a guardian agree, verify them, and send `guardian` and `of_age_on`."),
    "C09": (_explicit, "Art. 9(2)(a)", "Ask in words that name the data, and send `explicit: true`."),
    "C10": (_language, "Art. 7(2), 12(1)", "Publish the notice in the language of the page and ask again."),
    "C11": (
        _own_hand,
        "Art. 4(11), 7(1)",
        "Say in `artefact` where what the person signed, wrote or said is kept; else ask them yourself.",
    ),
    "C12": (_balance, "rec. 43", "Base the purpose on something else than consent (Art. 6(1)(b)-(f)), or do not pursue it."),
    "C13": (_confirmed, "Art. 7(1)", "Send the confirmation mail again; a press of its page's button confirms, by POST."),
    "C14": (
        _easy_to_withdraw,
        "Art. 7(3)",
        "Offer a withdrawal with no more steps than agreeing took, e.g. Troth's preference page, and ask again.",
    ),
    "C15": (_own_pixel, "ePrivacy 5(3), CNIL 2026-042", "Ask for tracking in mail with a box of its own."),
    "C16": (_in_time, "Art. 5(2)", "Correct the time, or name the version of the notice that was published then."),
}


def _for_customers(claim: Claim) -> Found:
    return None if claim.purpose.soft_opt_in else (VOID, "The purpose is not marketing to customers on a soft opt-in.")


def _sold(claim: Claim) -> Found:
    return None if claim.evidence.sale.strip() else (MISSING, "It is not said which sale made the person a customer.")


def _own_goods(claim: Claim) -> Found:
    own = claim.evidence.own_similar_goods
    return None if own else (VOID if own is False else MISSING, "It is not about own goods or services similar to those sold.")


def _could_object(claim: Claim) -> Found:
    offered = claim.evidence.objection_offered
    return None if offered else (VOID if offered is False else MISSING, "The person could not object when the address was collected.")


def _never_objected(claim: Claim) -> Found:
    return (VOID, "The person objected or refused: no sale outweighs that.") if claim.refused_at is not None else None


_SOFT = "Directive 2002/58/EC, Art. 13(2)"
SOFT_RULES: dict[str, tuple[Callable[[Claim], Found], str, str]] = {
    "S01": (_for_customers, _SOFT, "Choose a purpose that has `soft_opt_in`."),
    "S02": (_sold, _SOFT, "Send `sale`: the number of the order or contract."),
    "S03": (_own_goods, _SOFT, "Send `own_similar_goods: true` where it is so; else ask for consent."),
    "S04": (_could_object, _SOFT, "Send `objection_offered: true` where it is so; else ask for consent."),
    "S05": (_never_objected, "Art. 21(3)", "Leave it: only the person themselves can agree again."),
    "C16": (_in_time, "Art. 5(2)", "Correct the time."),
}
