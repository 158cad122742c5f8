"""Letters to persons: the text that each begins with, a workspace's own where it wrote one, else the built-in one.

A letter is checked when it is saved: a variable that its kind does not have is an error with its place, and so is a missing one without which the
letter would not say what the law demands. Every version is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from babel.dates import format_date
from django.db import transaction
from django.db.models import Max, QuerySet

from troth.kernel.errors import TrothError
from troth.kernel.local_time import local_time
from troth.privacy.desk.answer_words import WORDS
from troth.privacy.models import RequestType
from troth.privacy.models.desk import LetterTemplate

LANGUAGES = tuple(WORDS)
ALWAYS = ("company", "right", "received", "due", "link")
"""Variables of every letter."""
FURTHER: Mapping[str, tuple[str, ...]] = {
    "code": ("code",),
    "ask_identity": ("words",),
    "ask_clarification": ("words",),
    "extend": ("words",),
    "refuse": ("words",),
    "refuse_unfounded": ("words",),
    "refuse_excessive": ("words",),
    "ask_fee": ("words", "fee"),
    "announce_lifting": ("words",),
    "not_identified": ("words",),
    "done_human_review": ("words",),
}
"""Variables of some kinds of letters; what a letter is for, so that it must have them."""
OFFERED: Mapping[str, tuple[str, ...]] = dict.fromkeys(("ask_identity", "ask_clarification", "not_identified"), ("term",))
"""Variables that a letter may leave out. `term`: that the term for the answer stands still, or, asked too late for that, by when it ends."""
NEEDED: Mapping[str, tuple[str, ...]] = {**FURTHER, "extend": ("words", "due"), "done_access": ("link",), "done_portability": ("link",)}
KINDS = (
    *("received", "code", "ask_identity", "ask_clarification", "extend", "refuse", "refuse_unfounded", "refuse_excessive", "ask_fee"),
    *("announce_lifting", "not_identified", "not_found"),
    *(f"done_{right}" for right in RequestType.values),
    "done_rectification_disputed",
)
REMEDIES = frozenset({"refuse", "refuse_unfounded", "refuse_excessive", "ask_fee"})
"""Letters that must name complaint and judicial remedy (Art. 12(4)): Art. 77 and 79."""
VARIABLE = re.compile(r"\{([^{}\n]*)\}")
LONGEST, LONGEST_SUBJECT = 20_000, 500


class LetterInvalid(TrothError):
    """A letter that cannot be kept; the message begins with the field, and tells the place."""


@dataclass(frozen=True)
class Letter:
    """A letter before its variables are filled in. `version` 0: the built-in one."""

    kind: str
    language: str
    subject: str
    text: str
    version: int = 0

    def filled(self, facts: Mapping[str, str]) -> tuple[str, str]:
        """Subject and text with the facts in them; what is no variable stays as it stands."""
        subject, text = (VARIABLE.sub(lambda found: facts.get(found[1], found[0]), part) for part in (self.subject, self.text))
        return subject, text


def write_day(at: int, zone: ZoneInfo, language: str) -> str:
    """A day as letters write it; English ones as in Europe."""
    return format_date(local_time(at, zone), "long", locale="en_GB" if language == "en" else language)


def variables_of(kind: str) -> tuple[str, ...]:
    """What can stand in a letter of a kind, in braces. Raises LetterInvalid."""
    _check_kind(kind)
    return (*ALWAYS, *FURTHER.get(kind, ()), *OFFERED.get(kind, ()))


def built_in(kind: str, language: str) -> Letter:
    """The letter that Troth brings along. Raises LetterInvalid."""
    _check_kind(kind, language)
    said = WORDS[language]
    return Letter(kind, language, said["subject"], "\n\n".join((said["greeting"], said[kind], said["closing"])))


def read_letter(workspace_id: int, kind: str, language: str) -> Letter:
    """The letter that a workspace sends: its own newest version, else the built-in one. Raises LetterInvalid."""
    own = _versions(workspace_id, kind, language).first()
    if own is None or not own.text:
        return Letter(**{**vars(built_in(kind, language)), "version": own.version if own else 0})
    return Letter(kind, language, own.subject, own.text, own.version)


def list_versions(workspace_id: int, kind: str, language: str) -> list[LetterTemplate]:
    """A workspace's own versions of a letter, the newest first. Raises LetterInvalid."""
    _check_kind(kind, language)
    return list(_versions(workspace_id, kind, language))


def list_own(workspace_id: int) -> dict[tuple[str, str], LetterTemplate]:
    """The newest version of each letter that a workspace wrote itself, by kind and language; built-in ones that were put back are left out."""
    rows = LetterTemplate.objects.filter(workspace_id=workspace_id).order_by("version")
    newest = {(row.kind, row.language): row for row in rows}
    return {key: row for key, row in newest.items() if row.text}


def save_letter(workspace_id: int, kind: str, language: str, *, subject: str, text: str, user_id: int, now: int) -> Letter:
    """Keep a new version; the same as before makes none. Raises LetterInvalid with the field and the place."""
    letter = Letter(kind, language, " ".join(subject.split()), text.replace("\r\n", "\n").strip())
    check_letter(letter)
    _keep(letter, workspace_id, user_id, now)
    return read_letter(workspace_id, kind, language)


def put_back(workspace_id: int, kind: str, language: str, *, user_id: int, now: int) -> Letter:
    """From now on the built-in letter is sent again; the own versions stay. Raises LetterInvalid."""
    _check_kind(kind, language)
    _keep(Letter(kind, language, "", ""), workspace_id, user_id, now)
    return read_letter(workspace_id, kind, language)


def check_letter(letter: Letter) -> None:
    """Whether a letter can be sent. Raises LetterInvalid with the field, line and column."""
    known = variables_of(letter.kind)
    _check_kind(letter.kind, letter.language)
    for field, part, longest in (("subject", letter.subject, LONGEST_SUBJECT), ("text", letter.text, LONGEST)):
        if not part:
            raise LetterInvalid(f"$.{field}: write something, or put the built-in letter back.")
        if len(part) > longest or "\0" in part:
            raise LetterInvalid(f"$.{field}: at most {longest:,} characters.")
        for found in VARIABLE.finditer(part):
            if found[1] not in known:
                listed = ", ".join(f"{{{name}}}" for name in known)
                raise LetterInvalid(f"$.{field}: {_place(part, found.start())}: there is no such variable here: known are {listed}.")
        rest = VARIABLE.sub(lambda found: " " * len(found[0]), part)
        if brace := re.search(r"[{}]", rest):
            raise LetterInvalid(f"$.{field}: {_place(part, brace.start())}: a brace without its other half.")
    for name in NEEDED.get(letter.kind, ()):
        if f"{{{name}}}" not in letter.text:
            raise LetterInvalid(f"$.text: the letter needs {{{name}}}: without it the person is not told what they must be.")
    if letter.kind in REMEDIES and not ("77" in letter.text and "79" in letter.text):
        raise LetterInvalid(
            "$.text: name the complaint to an authority (Art. 77) and the judicial remedy (Art. 79): Art. 12(4) demands both."
        )


def _keep(letter: Letter, workspace_id: int, user_id: int, now: int) -> None:
    with transaction.atomic():
        rows = _versions(workspace_id, letter.kind, letter.language)
        newest = rows.first()
        before = (newest.subject, newest.text) if newest else ("", "")
        if before == (letter.subject, letter.text):
            return
        number = (rows.aggregate(Max("version"))["version__max"] or 0) + 1
        LetterTemplate.objects.create(
            workspace_id=workspace_id,
            kind=letter.kind,
            language=letter.language,
            version=number,
            subject=letter.subject,
            text=letter.text,
            user_id=user_id,
            at=now,
        )


def _versions(workspace_id: int, kind: str, language: str) -> QuerySet[LetterTemplate]:
    return LetterTemplate.objects.filter(workspace_id=workspace_id, kind=kind, language=language).order_by("-version")


def _check_kind(kind: str, language: str = "en") -> None:
    if kind not in KINDS:
        raise LetterInvalid(f"$.kind: must be one of {', '.join(KINDS)}.")
    if language not in LANGUAGES:
        raise LetterInvalid(f"$.language: must be one of {', '.join(LANGUAGES)}.")


def _place(text: str, at: int) -> str:
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
