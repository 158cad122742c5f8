"""Notices with what is published of them and how their drafts differ. Values in, values out; no HTTP but `Http404`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.evidence import hash_text
from troth.consent.gate import Operation, permitted_where
from troth.consent.linter import MUST_SAY
from troth.consent.models import LegalBasis, Notice, NoticeVersion, OnChange, Purpose
from troth.consent.notices import SAYS, NoticeUnknown, find_notice, list_notice_versions, list_notices, read_text
from troth.console.reach import Reach, count_people

Latest = Mapping[str, NoticeVersion]
"""The latest version by language."""


@dataclass(frozen=True)
class NoticeRow:
    """A notice of the list."""

    notice: Notice
    purposes: list[str]
    languages: list[str]
    published_at: int | None
    differs: list[str]
    """Languages whose draft is not what is published."""


@dataclass(frozen=True)
class Statement:
    """One thing that a notice can say. `need`: `must`, `applies` (for its purposes) or `may`."""

    name: str
    need: str
    words: str


@dataclass(frozen=True)
class Box:
    """What a person ticks: one box for each purpose."""

    purpose: str
    about: str
    """What is done, in the language of the notice, where the purpose says so."""


@dataclass(frozen=True)
class Ending:
    """What a material version does to the consents to one purpose."""

    purpose: str
    ends: bool
    """False: they count until the person answers anew."""
    reach: Reach


def get_notice(workspace_id: int, key: str) -> Notice:
    """A notice of the workspace. Raises Http404."""
    try:
        return find_notice(workspace_id, key)
    except NoticeUnknown:
        raise Http404 from None


def describe_notices(workspace_id: int) -> list[NoticeRow]:
    """All notices, in three reads."""
    latest: dict[str, dict[str, NoticeVersion]] = {}
    notices = list_notices(workspace_id)
    numbers = {notice.key: notice.version for notice in notices}
    for version in NoticeVersion.objects.filter(workspace_id=workspace_id).order_by("language"):
        if version.version == numbers.get(version.notice):
            latest.setdefault(version.notice, {})[version.language] = version
    return [_row(notice, latest.get(notice.key, {})) for notice in notices]


def _row(notice: Notice, latest: Latest) -> NoticeRow:
    return NoticeRow(
        notice=notice,
        purposes=name_purposes(notice.workspace_id, notice.purposes),
        languages=sorted({*notice.drafts, *latest}),
        published_at=max((version.published_at for version in latest.values()), default=None),
        differs=find_differences(notice, latest),
    )


def latest_of(versions: Sequence[NoticeVersion], number: int) -> Latest:
    """The versions of one number by language."""
    return {version.language: version for version in versions if version.version == number}


def find_differences(notice: Notice, latest: Latest) -> list[str]:
    """The languages in which publishing now would change something; all of them when other purposes are asked about."""
    purposes = {purpose for version in latest.values() for purpose in version.purposes}
    if latest and purposes != set(notice.purposes):
        return sorted({*notice.drafts, *latest})
    return sorted(
        language
        for language in {*notice.drafts, *latest}
        if (draft := notice.drafts.get(language)) is None
        or (published := latest.get(language)) is None
        or hash_text(draft["text"]) != published.text_hash
        or draft["says"] != published.says
    )


def name_purposes(workspace_id: int, keys: Sequence[str]) -> list[str]:
    """Purposes as members call them, archived ones too."""
    catalog = load_catalog(workspace_id)
    return [rule.name if (rule := catalog.rule(key)) else key for key in keys]


def list_statements(workspace_id: int, purposes: Sequence[str], says: Mapping[str, str]) -> list[Statement]:
    """All that a notice can say, with what it says, and whether its purposes need it (C05)."""
    rules = _rules_of(workspace_id, purposes)
    applies = {"transfers": any(rule.transfers for rule in rules), "automated_decision": any(rule.automated for rule in rules)}
    return [Statement(name, "must" if name in MUST_SAY else "applies" if applies.get(name) else "may", says.get(name, "")) for name in SAYS]


def _rules_of(workspace_id: int, purposes: Sequence[str]) -> list[PurposeRule]:
    known = load_catalog(workspace_id).purposes
    return [known[key] for key in purposes if key in known]


def list_boxes(workspace_id: int, purposes: Sequence[str], language: str) -> list[Box]:
    """What stands at each box."""
    found = {row.key: row for row in Purpose.objects.filter(workspace_id=workspace_id, key__in=purposes)}
    return [Box(row.name, row.description.get(language, "")) for key in purposes if (row := found.get(key))]


def read_published(workspace_id: int, key: str, number: int, language: str) -> tuple[NoticeVersion, str]:
    """What was published in one language, with its text. Raises Http404."""
    found = [one for one in list_notice_versions(workspace_id, key) if one.version == number]
    own = next((one for one in found if one.language == language), found[0] if found and not language else None)
    if own is None:
        raise Http404
    return own, read_text(workspace_id, own.text_hash)


def foresee_endings(notice: Notice, now: int) -> list[Ending]:
    """What a material version of a published notice would do, for each of its purposes that rests on consent."""
    ways = dict(Purpose.objects.filter(workspace_id=notice.workspace_id, key__in=notice.purposes).values_list("key", "on_change"))
    endings = []
    for rule in _rules_of(notice.workspace_id, notice.purposes):
        if rule.basis == LegalBasis.CONSENT:
            where, values = permitted_where(rule, Operation.PROFILE, at=now)
            endings.append(Ending(rule.name, ways[rule.key] == OnChange.INVALIDATE, count_people(notice.workspace_id, where, values)))
    return endings


def list_published(workspace_id: int) -> list[tuple[str, str]]:
    """All published versions, as choices for the declared page: the newest of each notice first."""
    rows: Any = NoticeVersion.objects.filter(workspace_id=workspace_id).order_by("notice", "-version", "language")
    return [(f"{row.notice}/{row.version}/{row.language}", f"{row.notice} · {row.version} · {row.language}") for row in rows]
