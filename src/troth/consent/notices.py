"""What people are told before they decide: drafts, published versions that never change, and every text shown, kept once by its content."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from troth.consent.catalog import PurposeRule, forget_catalogs, load_catalog
from troth.consent.evidence import hash_text
from troth.consent.linter import MUST_SAY
from troth.consent.models import Notice, NoticeText, NoticeVersion
from troth.consent.purposes import find_purpose, revise_purpose, terms_of
from troth.kernel.errors import TrothError

SAYS = (*MUST_SAY, "transfers", "automated_decision", "recipients", "retention", "rights", "authority")
"""What a notice can say; the first four it must, the next two where they apply (C05)."""
LONGEST_TEXT = 50_000
LONGEST_LANGUAGE = 35
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class NoticeInvalid(TrothError):
    """A notice that cannot be kept or published like this."""


class NoticeUnknown(TrothError):
    """No such notice, version or text in the workspace."""


def keep_text(workspace_id: int, text: str, *, now: int) -> str:
    """Keep a text that is shown to everybody alike, once, and return its hash. Never one with a person's data in it: it outlives them."""
    name = hash_text(text)
    if not NoticeText.objects.filter(workspace_id=workspace_id, sha256=name).exists():
        NoticeText.objects.bulk_create([NoticeText(workspace_id=workspace_id, sha256=name, text=text, since=now)], ignore_conflicts=True)
    return name


def read_text(workspace_id: int, sha256: str) -> str:
    """A text by its hash. Raises NoticeUnknown."""
    kept = NoticeText.objects.filter(workspace_id=workspace_id, sha256=sha256.lower())
    found = kept.values_list("text", flat=True).first() if _HASH.fullmatch(sha256) else None
    if found is None:
        raise NoticeUnknown("There is no text of this hash in this workspace.")
    return found


def find_notice(workspace_id: int, key: str) -> Notice:
    """A notice with its drafts. Raises NoticeUnknown."""
    found = Notice.objects.filter(workspace_id=workspace_id, key=key).first() if _KEY.fullmatch(key) else None
    if found is None:
        raise NoticeUnknown("There is no such notice in this workspace.")
    return found


def list_notices(workspace_id: int) -> list[Notice]:
    """All notices of a workspace, by key."""
    return list(Notice.objects.filter(workspace_id=workspace_id).order_by("key"))


def list_notice_versions(workspace_id: int, key: str) -> list[NoticeVersion]:
    """What was published of a notice, the newest first, then by language."""
    return list(NoticeVersion.objects.filter(workspace_id=workspace_id, notice=key).order_by("-version", "language"))


def save_notice(workspace_id: int, key: str, *, title: str, purposes: Sequence[str]) -> Notice:
    """Create a notice or change its title and purposes; nothing published changes. Raises NoticeInvalid, PurposeUnknown."""
    if not _KEY.fullmatch(key):
        raise NoticeInvalid(
            "$.key: the key of a notice has letters, digits, `_`, `-` and `.`, 64 at most, and begins with a letter or digit."
        )
    if not title.strip():
        raise NoticeInvalid("$.title: a notice needs a title.")
    catalog = load_catalog(workspace_id)
    named = [catalog.require(purpose).key for purpose in dict.fromkeys(purposes)]
    notice, _ = Notice.objects.update_or_create(workspace_id=workspace_id, key=key, defaults={"title": title, "purposes": named})
    return notice


def is_language(text: str) -> bool:
    """Whether it is written as BCP 47 says, and short enough to be kept."""
    return len(text) <= LONGEST_LANGUAGE and bool(_LANGUAGE.fullmatch(text))


def save_draft(workspace_id: int, key: str, language: str, *, text: str, says: Mapping[str, str]) -> Notice:
    """Keep the draft of a notice in one language; it may still lack something. Raises NoticeUnknown, NoticeInvalid."""
    if not is_language(language):
        raise NoticeInvalid("$.language: a language is written as BCP 47 says: en, de, pt-BR.")
    if len(text) > LONGEST_TEXT:
        raise NoticeInvalid(f"$.text: a notice has at most {LONGEST_TEXT} characters.")
    if unknown := says.keys() - set(SAYS):
        raise NoticeInvalid(f"$.says: unknown: {', '.join(sorted(unknown))}; a notice says {', '.join(SAYS)}.")
    with transaction.atomic():
        notice = find_notice(workspace_id, key)
        notice.drafts = {**notice.drafts, language: {"text": text, "says": {name: words for name, words in says.items() if words.strip()}}}
        notice.save(update_fields=["drafts"])
    return notice


def drop_draft(workspace_id: int, key: str, language: str) -> Notice:
    """Publish a notice in this language no more. Raises NoticeUnknown."""
    notice = find_notice(workspace_id, key)
    notice.drafts = {name: draft for name, draft in notice.drafts.items() if name != language}
    notice.save(update_fields=["drafts"])
    return notice


def find_faults(notice: Notice) -> dict[str, list[str]]:
    """Why a notice cannot be published, by language, and under the empty one what holds for all; nothing: it can."""
    rules = [rule for key in notice.purposes if (rule := load_catalog(notice.workspace_id).purposes.get(key))]
    whole = [] if rules else ["It asks about no purpose: name one at least."]
    if not notice.drafts:
        whole.append("It has no text yet: write it in one language at least.")
    by_language = {language: _faults_of(draft, rules) for language, draft in notice.drafts.items()}
    return {language: faults for language, faults in {"": whole, **by_language}.items() if faults}


def _faults_of(draft: Mapping[str, Any], rules: Sequence[PurposeRule]) -> list[str]:
    """What a text lacks of what it must say (C05). That the sentences are true is for people to see; that they stand there, for this."""
    says, text = draft["says"], " ".join(draft["text"].split())
    needed = [
        *MUST_SAY,
        *(["transfers"] if any(rule.transfers for rule in rules) else []),
        *(["automated_decision"] if any(rule.automated for rule in rules) else []),
    ]
    faults = [f"It does not say: {name.replace('_', ' ')}." for name in needed if not says.get(name)]
    if not text:
        return ["It has no text.", *faults]
    controller = says.get("controller", "").strip().splitlines()
    if controller and " ".join(controller[0].split()) not in text:
        faults.append("The text does not name the controller as `says.controller` begins.")
    return faults


def publish_notice(workspace_id: int, key: str, *, material: bool, now: int) -> int:
    """Publish the drafts as the next version, which nobody can change; returns its number. Raises NoticeUnknown, NoticeInvalid.

    `material`: who agreed before saw something essentially different, and the notice's purposes are changed materially with it (Art. 13(3)).
    """
    with transaction.atomic():
        notice = find_notice(workspace_id, key)
        if faults := find_faults(notice):
            told = "; ".join(f"{language + ': ' if language else ''}{' '.join(found)}" for language, found in sorted(faults.items()))
            raise NoticeInvalid(f"The notice cannot be published. {told}")
        if material and notice.version:
            for purpose in notice.purposes:
                revise_purpose(workspace_id, purpose, terms_of(find_purpose(workspace_id, purpose)), material=True, now=now)
        forget_catalogs()
        catalog = load_catalog(workspace_id)
        notice.version += 1
        NoticeVersion.objects.bulk_create(
            NoticeVersion(
                workspace_id=workspace_id,
                notice=key,
                version=notice.version,
                language=language,
                text_hash=keep_text(workspace_id, draft["text"], now=now),
                published_at=now,
                purposes={purpose: catalog.purposes[purpose].version for purpose in notice.purposes if purpose in catalog.purposes},
                says=draft["says"],
            )
            for language, draft in notice.drafts.items()
        )
        notice.save(update_fields=["version"])
        transaction.on_commit(forget_catalogs)
    forget_catalogs()
    return notice.version


def diff_versions(workspace_id: int, key: str, language: str, before: int, after: int) -> list[str]:
    """What changed between two published versions in one language, line by line (`-`, `+` and a space as in a patch). Raises NoticeUnknown."""
    texts: list[list[str]] = []
    for version in (before, after):
        found = NoticeVersion.objects.filter(workspace_id=workspace_id, notice=key, version=version, language=language).first()
        if found is None:
            raise NoticeUnknown("There is no such version of the notice in this language.")
        texts.append([*read_text(workspace_id, found.text_hash).splitlines(), *(f"{n}: {found.says[n]}" for n in SAYS if n in found.says)])
    return [line for line in difflib.ndiff(texts[0], texts[1]) if not line.startswith("?")]
