"""Judging a claim of consent at the door: the evidence against the rules, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from troth.consent.catalog import Catalog, PurposeRule
from troth.consent.durations import add_duration
from troth.consent.evidence import Evidence, Finding, Shown, hash_text, moment_of, read_evidence
from troth.consent.linter import VOID, Claim, lint
from troth.consent.models import NoticeText, Standing
from troth.kernel.clock import iso
from troth.kernel.sql import insert_rows

GIVEN = "ConsentGiven"
RENEWED = "RenewedConsentGiven"
UNKNOWN = "ConsentUnknown"
SOFT = "SoftOptIn"
"""Ours: the DPV has no word for what is not consent."""
STATES = {"withdraw": "ConsentWithdrawn", "refuse": "ConsentRefused", "defer": "ConsentRequestDeferred"}
"""What a decision that is no grant is called by the DPV."""
Texts = Callable[[str], bool]
STAFF = frozenset({"cli", "console", "import"})
BY_CALLER = "decision_source"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a claim."""

    state: str
    """`GIVEN`, `RENEWED`, `SOFT` or `UNKNOWN`; empty: the claim is void and nothing of it is recorded."""
    findings: list[Finding]
    at: int
    evidence: dict[str, Any]
    notice: str = ""
    notice_version: str = ""
    notice_hash: str = ""
    language: str = ""
    valid_until: int | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The rules that the claim failed."""
        return tuple(finding.code for finding in self.findings)


def judge(
    catalog: Catalog,
    rule: PurposeRule,
    said: Mapping[str, Any],
    *,
    texts: Texts,
    source: str,
    at: int,
    now: int,
    standing: int = Standing.NONE,
    decided_at: int = 0,
    is_soft: bool = False,
) -> Judgement:
    """Judge a claim that came through a door; `standing` and `decided_at` are what the person said last. `texts` tells whether a text is kept."""
    evidence, shown, kept = read_evidence(said), None, dict(said)
    is_bare = not said
    if is_bare and not is_soft and (declared := _declared(catalog, rule)):
        evidence, shown, kept = declared
    else:
        shown = _find_shown(catalog, evidence, texts)
    told = moment_of(evidence.decided_at) if evidence.decided_at else None
    decided = at if told is None else told
    claim = Claim(
        evidence=evidence,
        purpose=rule,
        shown=shown,
        at=decided,
        now=now,
        refused_at=decided_at if standing == Standing.REFUSED else None,
        by_staff=source in STAFF,
        imbalance=rule.imbalance,
        is_soft=is_soft,
    )
    findings = lint(claim)
    is_void = not is_bare and any(finding.kind == VOID for finding in findings)
    state = "" if is_void else UNKNOWN if findings else SOFT if is_soft else RENEWED if standing == Standing.GRANTED else GIVEN
    if shown and shown.text_hash == hash_text(evidence.notice):
        kept.pop("notice", None)
    return Judgement(
        state=state,
        findings=findings,
        at=decided,
        evidence=kept,
        notice=shown.key if shown else "",
        notice_version=(shown.version if shown else "") or str(evidence.notice_version)[:100],
        notice_hash=shown.text_hash if shown else hash_text(evidence.notice) if evidence.notice else "",
        language=((shown.language if shown else "") or evidence.language)[:35],
        valid_until=_end_of(claim),
    )


def _end_of(claim: Claim) -> int | None:
    """When the consent ends by itself; a guardian's, at the latest when the child comes of age (C08)."""
    ends = [add_duration(claim.at, claim.purpose.consent_lasts), moment_of(claim.evidence.of_age_on) if claim.evidence.guardian else None]
    return min((end for end in ends if end is not None), default=None)


def _declared(catalog: Catalog, rule: PurposeRule) -> tuple[Evidence, Shown, dict[str, Any]] | None:
    """What the workspace's owner declared of its own preference page; None where that says nothing of this purpose."""
    setting = catalog.setting
    shown = catalog.notices.get((setting.source_notice, str(setting.source_version), setting.source_language))
    if shown is None or rule.key not in shown.purposes:
        return None
    told = {"notice": shown.key, "version": shown.version, "url": setting.source_url, "declared_at": iso(setting.declared_at)}
    return Evidence(default_state="unchecked", control_kind="checkbox"), shown, {BY_CALLER: told}


def _find_shown(catalog: Catalog, evidence: Evidence, texts: Texts) -> Shown | None:
    """The notice that is referred to: by key and version, or by the hash of a text that is kept."""
    if evidence.notice_key:
        version, language = str(evidence.notice_version), evidence.language
        found = catalog.notices.get((evidence.notice_key, version, language))
        if found is None and not language:
            alone = [shown for (key, number, _), shown in catalog.notices.items() if (key, number) == (evidence.notice_key, version)]
            found = alone[0] if len(alone) == 1 else None
        return found
    name = (evidence.notice_hash or (hash_text(evidence.notice) if evidence.notice else "")).lower()
    return Shown(text_hash=name) if len(name) == 64 and texts(name) else None


def texts_of(workspace_id: int) -> Texts:
    """Asks the database once for each text whether the workspace keeps it."""

    @cache
    def is_kept(sha256: str) -> bool:
        return NoticeText.objects.filter(workspace_id=workspace_id, sha256=sha256).exists()

    return is_kept


def count_refused(counts: Mapping[tuple[int, str, str], int], now: int) -> None:
    """Add to the counters of refused claims: (workspace_id, source, rule) → number."""
    day = now // 86_400_000
    insert_rows(
        "INSERT INTO consent_refusedclaims (workspace_id, day, source, rule, refused)",
        [(workspace_id, day, source, rule, number) for (workspace_id, source, rule), number in counts.items()],
        "ON CONFLICT (workspace_id, day, source, rule) DO UPDATE SET refused = consent_refusedclaims.refused + EXCLUDED.refused",
    )


def in_words(findings: Sequence[Finding]) -> str:
    """Findings as sentences: what is wrong and how to mend it."""
    return " ".join(f"{finding.code}: {finding.why} {finding.mend} ({finding.ground})" for finding in findings)
