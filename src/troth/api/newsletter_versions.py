"""The versions of newsletters: what their drafts were, how they differ, and writing one into the draft again."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from troth.api.access import WRITE_CAMPAIGNS, workspace_of
from troth.api.errors import Conflict
from troth.api.newsletter_schemas import NewsletterIn, NewsletterOut
from troth.api.newsletters import show_newsletter
from troth.api.schemas import Time, problems
from troth.api.template_schemas import DiffOut
from troth.campaigns.models import Newsletter, NewsletterVersion
from troth.campaigns.newsletters.editing import find_newsletter
from troth.campaigns.newsletters.errors import NewsletterStateWrong
from troth.campaigns.newsletters.versions import compare_draft, compare_versions, find_version, list_versions, restore_version
from troth.kernel.clock import iso, now_ms

router = Router(tags=["newsletters"])


class NewsletterVersionRow(Schema):
    """A draft of a newsletter as it was saved; they are counted from 1."""

    version: int
    saved_at: Time
    author: int | None = Field(description="The number of the member who saved it; null: a key, or the command line.")


class NewsletterVersionOut(NewsletterVersionRow):
    """The same with all that it says."""

    written: NewsletterIn


@router.get("/newsletters/{newsletter_id}/versions", auth=WRITE_CAMPAIGNS, response={200: list[NewsletterVersionRow], **problems(404)})
def list_newsletter_versions(request: HttpRequest, newsletter_id: int) -> list[NewsletterVersionRow]:
    """The latest 200 drafts that were saved, the last first."""
    found = list_versions(_find(request, newsletter_id))
    return [NewsletterVersionRow(version=one.number, saved_at=iso(one.saved_at), author=one.author or None) for one in found]


@router.get("/newsletters/{newsletter_id}/versions/{version}", auth=WRITE_CAMPAIGNS, response={200: NewsletterVersionOut, **problems(404)})
def get_newsletter_version(request: HttpRequest, newsletter_id: int, version: int) -> NewsletterVersionOut:
    """The draft as it was saved once."""
    return _show(find_version(_find(request, newsletter_id), version))


@router.get("/newsletters/{newsletter_id}/versions/{version}/diff", auth=WRITE_CAMPAIGNS, response={200: DiffOut, **problems(404)})
def diff_newsletter_version(
    request: HttpRequest,
    newsletter_id: int,
    version: int,
    against: Annotated[int | None, Query(description="Another version, instead of the draft.")] = None,
) -> DiffOut:
    """What the draft, or another version, changes against a version: the lines that differ, by field; a variant's as `variant A: html`."""
    own = _find(request, newsletter_id)
    before = find_version(own, version)
    return DiffOut(changes=compare_draft(own, before) if against is None else compare_versions(before, find_version(own, against)))


@router.post(
    "/newsletters/{newsletter_id}/versions/{version}/restore", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404, 409)}
)
def restore_newsletter_version(request: HttpRequest, newsletter_id: int, version: int) -> NewsletterOut:
    """Write a version into the draft again; nothing is sent. Refused as a change would be where it cannot be kept any more."""
    try:
        return show_newsletter(restore_version(_find(request, newsletter_id), version, now=now_ms()))
    except NewsletterStateWrong as wrong:
        raise Conflict(str(wrong)) from None


def _find(request: HttpRequest, newsletter_id: int) -> Newsletter:
    return find_newsletter(workspace_of(request), newsletter_id)


def _show(found: NewsletterVersion) -> NewsletterVersionOut:
    return NewsletterVersionOut(
        version=found.number,
        saved_at=iso(found.saved_at),
        author=found.author or None,
        written=NewsletterIn.model_construct(**found.written),
    )
