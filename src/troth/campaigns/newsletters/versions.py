"""The versions of a newsletter: its draft as it was saved each time, how one differs from another, and writing one into the draft again.

They are counted from 1; a draft that is saved unchanged makes none. All go with the newsletter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.campaigns.comparing import compare_texts, put_as_text
from troth.campaigns.models import Newsletter, NewsletterVersion
from troth.campaigns.newsletters.editing import FIELDS, edit_newsletter, fields_of
from troth.campaigns.newsletters.errors import NewsletterUnknown

MOST_LISTED = 200
PARTS = ("share", "template", "subject", "html", "text")
"""Of a variant, beside its key."""


class NewsletterVersionUnknown(NewsletterUnknown):
    """No such version of a newsletter."""

    def __init__(self) -> None:
        super().__init__("There is no such version of this newsletter: they are counted from 1.")


def list_versions(newsletter: Newsletter) -> list[NewsletterVersion]:
    """The latest first, at most 200."""
    return list(_versions(newsletter).order_by("-number")[:MOST_LISTED])


def find_version(newsletter: Newsletter, number: int) -> NewsletterVersion:
    """A version by its number. Raises NewsletterVersionUnknown."""
    found: NewsletterVersion | None = _versions(newsletter).filter(number=number).first() if 0 < number < 2**31 else None
    if found is None:
        raise NewsletterVersionUnknown
    return found


def compare_draft(newsletter: Newsletter, before: NewsletterVersion) -> dict[str, list[str]]:
    """What the draft changes against a version: the lines that differ, by field; a variant's by its key, e.g. `variant A: html`."""
    return compare_texts(_as_texts(before.written), _as_texts(fields_of(newsletter)))


def compare_versions(before: NewsletterVersion, after: NewsletterVersion) -> dict[str, list[str]]:
    """What one version changed against another, as `compare_draft`."""
    return compare_texts(_as_texts(before.written), _as_texts(after.written))


def restore_version(newsletter: Newsletter, number: int, *, now: int, author: int = 0) -> Newsletter:
    """Write a version into the draft, which is a change as any other; nothing is sent.

    Raises NewsletterVersionUnknown, and what `edit_newsletter` raises where it cannot be kept any more, such as PurposeUnknown.
    """
    return edit_newsletter(newsletter, find_version(newsletter, number).written, now=now, author=author)


def _versions(newsletter: Newsletter) -> Any:
    return NewsletterVersion.objects.filter(workspace_id=newsletter.workspace_id, newsletter_id=newsletter.pk)


def _as_texts(written: Mapping[str, Any]) -> dict[str, str]:
    """Each field in lines, in the order in which newsletters are edited, whatever order the database keeps; a variant's by its key."""
    texts = {name: put_as_text(written[name]) for name in FIELDS if name in written and name != "variants"}
    for variant in written["variants"]:
        texts |= {f"variant {variant['key']}: {part}": put_as_text(variant[part]) for part in PARTS if part in variant}
    return texts
