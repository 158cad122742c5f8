"""Pages that hold one version of something against another: which one, and the lines that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest
from troth.console.asking import is_number
from troth.console.audit.reading import name_users

DRAFT = 0
"""What a version is compared with where it is no other version."""


def list_rows(found: Sequence[tuple[int, int, int]], page: str, *where: int) -> list[tuple[int, int, str, str]]:
    """Versions (number, moment, author) for a list: with whoever it was (empty: a key, the command line, or somebody who is gone), and its page."""
    names = name_users(author for _number, _at, author in found)
    return [(number, at, names.get(author, ""), reverse(page, args=[*where, number])) for number, at, author in found]


def choose_other(request: MemberRequest, number: int, others: Sequence[int]) -> int:
    """The version to compare with: `?with=`, DRAFT for the draft; by itself the one before. Raises Http404 where there is none of that number."""
    asked = request.GET.get("with", "")
    if asked and not (is_number(asked) and int(asked) in (DRAFT, *others)):
        raise Http404
    return int(asked) if asked else number - 1


def name_others(others: Sequence[int]) -> list[tuple[str, str]]:
    """What can be chosen, in words."""
    return [(str(DRAFT), _("The draft")), *((str(number), _("Version %(number)d") % {"number": number}) for number in others)]


def show_changes(changes: Mapping[str, Sequence[str]], names: Mapping[str, object]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each field by its name in words, with its lines."""
    return [(str(names.get(field, field)), [_show_line(line) for line in lines]) for field, lines in changes.items()]


def _show_line(line: str) -> tuple[str, str]:
    """Sign and words; where lines are left out between two changes, dots."""
    return ("", "⋯") if line.startswith("@@") else (line[0].strip(), line[1:])
