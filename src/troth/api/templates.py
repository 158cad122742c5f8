"""Stored templates, layouts and snippets: drafts, checks, previews, versions."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CAMPAIGNS, may, workspace_of
from troth.api.errors import Conflict, ScopeMissing
from troth.api.schemas import problems
from troth.api.template_schemas import (
    CheckOut,
    DiffOut,
    FindingOut,
    PieceIn,
    PieceOut,
    PiecePatch,
    PieceRow,
    PreviewIn,
    TemplatePreviewOut,
    TemplateVersionOut,
    VersionRow,
)
from troth.campaigns.draft_trials import parts_of
from troth.campaigns.trials import make_sample, render_sample
from troth.content.checking import check_piece
from troth.content.comparing import compare
from troth.content.drafts import draft_mail, draft_short
from troth.content.library import (
    PieceInUse,
    create_piece,
    delete_piece,
    find_outdated,
    find_piece,
    find_version,
    has_changes,
    languages_in,
    list_versions,
    restore_version,
    update_piece,
    written_in,
    written_of,
)
from troth.content.models import Kind, Piece, Template
from troth.content.publishing import publish_piece
from troth.kernel.clock import iso, now_ms
from troth.messages.link_checking import check_addresses
from troth.people.lookup import find_person

router = Router(tags=["templates"])


@router.get("/templates", auth=WRITE_CAMPAIGNS, response={200: list[PieceRow], **problems()})
def list_templates(request: HttpRequest, kind: str = "") -> list[PieceRow]:
    """All templates, layouts and snippets of the workspace, or those of one kind."""
    found = Piece.objects.filter(workspace_id=workspace_of(request)).order_by("key")
    return [_row(piece) for piece in (found.filter(kind=kind) if kind else found)]


@router.post("/templates", auth=WRITE_CAMPAIGNS, response={201: PieceOut, **problems()})
def create_template(request: HttpRequest, template: PieceIn) -> Status[PieceOut]:
    """A draft; nothing is sent of it before it is published and a campaign names its key."""
    return Status(201, show_template(create_piece(workspace_of(request), **template.dict())))


@router.get("/templates/{template_key}", auth=WRITE_CAMPAIGNS, response={200: PieceOut, **problems(404)})
def get_template(request: HttpRequest, template_key: str) -> PieceOut:
    """One draft."""
    return show_template(find_piece(workspace_of(request), template_key))


@router.patch("/templates/{template_key}", auth=WRITE_CAMPAIGNS, response={200: PieceOut, **problems(404)})
def update_template(request: HttpRequest, template_key: str, template: PiecePatch) -> PieceOut:
    """Change the draft. What was published stays as it is."""
    return show_template(update_piece(find_piece(workspace_of(request), template_key), **template.dict(exclude_unset=True)))


@router.delete("/templates/{template_key}", auth=WRITE_CAMPAIGNS, response={204: None, **problems(404, 409)})
def delete_template(request: HttpRequest, template_key: str) -> Status[None]:
    """Remove the draft; campaigns that were published with it go on. Refused for what another draft puts in."""
    try:
        delete_piece(find_piece(workspace_of(request), template_key))
    except PieceInUse as used:
        raise Conflict(str(used)) from None
    return Status(204, None)


@router.post("/templates/{template_key}/check", auth=WRITE_CAMPAIGNS, response={200: CheckOut, **problems(404)})
def check_template(request: HttpRequest, template_key: str, live: bool = False) -> CheckOut:
    """All that is wrong or doubtful with the draft, with part, line and column; with `live` also whether its links and images answer."""
    piece = find_piece(workspace_of(request), template_key)
    findings = [*check_piece(piece), *(check_addresses(piece) if live else [])]
    return CheckOut(
        publishable=not any(finding.is_error for finding in findings),
        findings=[
            FindingOut(
                severity="error" if one.is_error else "warning",
                code=one.code,
                part=one.part,
                line=one.line,
                column=one.column,
                language=one.language,
                message=one.message,
            )
            for one in findings
        ],
    )


@router.post("/templates/{template_key}/preview", auth=WRITE_CAMPAIGNS, response={200: TemplatePreviewOut, **problems(403, 404)})
def preview_template(request: HttpRequest, template_key: str, preview: PreviewIn) -> TemplatePreviewOut:
    """The draft as a real or made-up person would get it. Its way to unsubscribe leads nowhere."""
    piece = find_piece(workspace_of(request), template_key)
    if preview.person and not may(request, READ_PEOPLE.scope):
        raise ScopeMissing(READ_PEOPLE.scope)
    subject = find_person(piece.workspace_id, preview.person) if preview.person else None
    sample = make_sample(subject, preview.made_up, event=preview.event, properties=preview.properties, now=now_ms())
    draft = draft_short(piece, preview.language) if piece.kind == Kind.SHORT else draft_mail(piece, preview.language)
    return TemplatePreviewOut(**parts_of(render_sample(draft, sample, is_marketing=preview.marketing)))


@router.post("/templates/{template_key}/publish", auth=WRITE_CAMPAIGNS, response={200: TemplateVersionOut, **problems(404)})
def publish_template(request: HttpRequest, template_key: str) -> TemplateVersionOut:
    """Make a version of the draft. Campaigns take it over when they are published themselves."""
    return _show_version(publish_piece(find_piece(workspace_of(request), template_key)))


@router.get("/templates/{template_key}/versions", auth=WRITE_CAMPAIGNS, response={200: list[VersionRow], **problems(404)})
def list_template_versions(request: HttpRequest, template_key: str) -> list[VersionRow]:
    """What was published, the last first."""
    piece = find_piece(workspace_of(request), template_key)
    versions = list(list_versions(piece))
    outdated = find_outdated(piece.workspace_id, versions)
    return [_version_row(version, outdated[version.pk]) for version in versions]


@router.get("/templates/{template_key}/versions/{version}", auth=WRITE_CAMPAIGNS, response={200: TemplateVersionOut, **problems(404)})
def get_template_version(request: HttpRequest, template_key: str, version: int) -> TemplateVersionOut:
    """One version, as it was written and as it is rendered."""
    return _show_version(_find_version(request, template_key, version))


@router.get("/templates/{template_key}/versions/{version}/diff", auth=WRITE_CAMPAIGNS, response={200: DiffOut, **problems(404)})
def diff_template_version(request: HttpRequest, template_key: str, version: int) -> DiffOut:
    """What the draft changes against a version."""
    piece = find_piece(workspace_of(request), template_key)
    return DiffOut(changes=compare(written_in(_find_version(request, template_key, version)), written_of(piece)))


@router.post("/templates/{template_key}/versions/{version}/restore", auth=WRITE_CAMPAIGNS, response={200: PieceOut, **problems(404)})
def restore_template_version(request: HttpRequest, template_key: str, version: int) -> PieceOut:
    """Write a version into the draft again; nothing is published."""
    own = _find_version(request, template_key, version)
    return show_template(restore_version(find_piece(workspace_of(request), template_key), own.version))


def _find_version(request: HttpRequest, template_key: str, version: int) -> Template:
    return find_version(workspace_of(request), find_piece(workspace_of(request), template_key).key, version if 0 < version < 2**31 else -1)


def _row(piece: Piece) -> PieceRow:
    return PieceRow(
        key=piece.key,
        kind=piece.kind,
        name=piece.name,
        format=piece.format,
        version=piece.version,
        languages=languages_in(piece),
        updated_at=iso(int(piece.updated_at.timestamp() * 1000)),
    )


def show_template(piece: Piece) -> PieceOut:
    """A template as the API tells it."""
    return PieceOut(**_row(piece).dict(), layout=piece.layout, language=piece.language, parts=piece.parts, has_changes=has_changes(piece))


def _version_row(version: Template, outdated: list[str]) -> VersionRow:
    created_at = iso(int(version.created_at.timestamp() * 1000))
    return VersionRow(version=version.version, created_at=created_at, language=version.language, outdated=outdated)


def _show_version(version: Template) -> TemplateVersionOut:
    row = _version_row(version, find_outdated(version.workspace_id, [version])[version.pk])
    own = {key: words for key, words in version.short.items() if key != "translations"} if version.short else version.mail_parts
    others = version.short.get("translations", {}) if version.short else version.translations
    written = written_in(version)
    return TemplateVersionOut(
        **row.dict(),
        format=written.format,
        layout=written.layout,
        parts=version.written["parts"],
        compiled={version.language: own, **others},
    )
