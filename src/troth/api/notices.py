"""Notices: what people are told before they decide; and the controller's own page as a source of decisions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.errors import NotFound
from troth.api.notice_schemas import (
    ChangesOut,
    ConsentSettingIn,
    ConsentSettingOut,
    DraftIn,
    NewNotice,
    NoticeDraftOut,
    NoticeIn,
    NoticeOut,
    NoticeSummary,
    NoticeVersionOut,
    PublishedOut,
    PublishIn,
    SourceIn,
    SourceOut,
    TextOut,
)
from troth.api.schemas import problems
from troth.consent.declaring import declare_source, read_setting, state_imbalance, withdraw_source
from troth.consent.models import ConsentSetting, Notice
from troth.consent.notices import (
    NoticeInvalid,
    NoticeUnknown,
    diff_versions,
    drop_draft,
    find_faults,
    find_notice,
    list_notice_versions,
    list_notices,
    publish_notice,
    read_text,
    save_draft,
    save_notice,
)
from troth.kernel.clock import iso, now_ms

router = Router(tags=["notices"])


@router.get("/notices", auth=READ_PEOPLE, response={200: list[NoticeSummary], **problems()})
def list_all_notices(request: HttpRequest) -> list[NoticeSummary]:
    """The notices of the workspace, by key."""
    return [NoticeSummary(**_summary(notice)) for notice in list_notices(workspace_of(request))]


@router.post("/notices", auth=WRITE_CONSENT, response={201: NoticeOut, **problems()})
def add_notice(request: HttpRequest, notice: NewNotice) -> Status[NoticeOut]:
    """Begin a notice; then put its drafts and publish them."""
    workspace_id = workspace_of(request)
    if any(known.key == notice.key for known in list_notices(workspace_id)):
        raise NoticeInvalid("$.key: there is a notice of this key: choose another, or change that one.")
    return Status(201, _show(save_notice(workspace_id, notice.key, title=notice.title, purposes=notice.purposes)))


@router.get("/notices/{notice_key}", auth=READ_PEOPLE, response={200: NoticeOut, **problems(404)})
def read_notice(request: HttpRequest, notice_key: str) -> NoticeOut:
    """A notice with its drafts, what they lack, and all that was published."""
    return _show(_find(request, notice_key))


@router.patch("/notices/{notice_key}", auth=WRITE_CONSENT, response={200: NoticeOut, **problems(404)})
def change_notice(request: HttpRequest, notice_key: str, changes: NoticeIn) -> NoticeOut:
    """Change its title or purposes; nothing published changes."""
    own = _find(request, notice_key)
    title = own.title if changes.title is None else changes.title
    purposes = own.purposes if changes.purposes is None else changes.purposes
    return _show(save_notice(own.workspace_id, notice_key, title=title, purposes=purposes))


@router.put("/notices/{notice_key}/drafts", auth=WRITE_CONSENT, response={200: NoticeOut, **problems(404)})
def put_draft(request: HttpRequest, notice_key: str, draft: DraftIn) -> NoticeOut:
    """Keep the draft in one language."""
    own = _find(request, notice_key)
    return _show(save_draft(own.workspace_id, notice_key, draft.language, text=draft.text, says=draft.says))


@router.delete("/notices/{notice_key}/drafts", auth=WRITE_CONSENT, response={200: NoticeOut, **problems(404)})
def delete_draft(request: HttpRequest, notice_key: str, language: str = "") -> NoticeOut:
    """Publish the notice in a language no more; what was published in it stays."""
    return _show(drop_draft(_find(request, notice_key).workspace_id, notice_key, language))


@router.post("/notices/{notice_key}/publish", auth=WRITE_CONSENT, response={200: PublishedOut, **problems(404)})
def publish(request: HttpRequest, notice_key: str, how: PublishIn) -> PublishedOut:
    """Publish the drafts as the next version, which nobody can change. A material one is a material change of its purposes (Art. 13(3))."""
    own = _find(request, notice_key)
    return PublishedOut(version=publish_notice(own.workspace_id, notice_key, material=how.material, now=now_ms()))


@router.get("/notices/{notice_key}/changes", auth=READ_PEOPLE, response={200: ChangesOut, **problems(404)})
def compare_versions(request: HttpRequest, notice_key: str, language: str = "", before: int = 0, after: int = 0) -> ChangesOut:
    """What changed from the version `before` to the version `after` in a language; left out: from the one before the latest to the latest."""
    own = _find(request, notice_key)
    published = list_notice_versions(own.workspace_id, notice_key)
    language = language or (published[0].language if published else "")
    numbers = [version.version for version in published if version.language == language]
    if not numbers:
        return ChangesOut(lines=[])
    after = after or numbers[0]
    before = before or max((number for number in numbers if number < after), default=after)
    try:
        return ChangesOut(lines=diff_versions(own.workspace_id, notice_key, language, before, after))
    except NoticeUnknown as error:
        raise NotFound(str(error)) from None


@router.get("/notice-texts/{text_hash}", auth=READ_PEOPLE, response={200: TextOut, **problems(404)})
def read_notice_text(request: HttpRequest, text_hash: str) -> TextOut:
    """A text that people were shown, by the SHA-256 that records refer to it by."""
    try:
        return TextOut(text=read_text(workspace_of(request), text_hash))
    except NoticeUnknown as error:
        raise NotFound(str(error)) from None


@router.get("/consent-setting", auth=READ_PEOPLE, response={200: ConsentSettingOut, **problems()})
def read_consent_setting(request: HttpRequest) -> ConsentSettingOut:
    """What is declared of how the workspace asks for consent."""
    return _show_setting(read_setting(workspace_of(request)))


@router.patch("/consent-setting", auth=WRITE_CONSENT, response={200: ConsentSettingOut, **problems()})
def change_consent_setting(request: HttpRequest, setting: ConsentSettingIn) -> ConsentSettingOut:
    """State whether people depend on the controller: then nothing can rest on their consent (C12)."""
    return _show_setting(state_imbalance(workspace_of(request), setting.imbalance))


@router.put("/consent-setting/source", auth=WRITE_CONSENT, response={200: ConsentSettingOut, **problems()})
def declare_consent_source(request: HttpRequest, source: SourceIn) -> ConsentSettingOut:
    """Declare the controller's own preference page: a bare grant or resubscribe counts as given there from now on (Art. 28(3)(a))."""
    return _show_setting(
        declare_source(workspace_of(request), source.notice, source.version, source.language, source.url, source.instruction, now=now_ms())
    )


@router.delete("/consent-setting/source", auth=WRITE_CONSENT, response={200: ConsentSettingOut, **problems()})
def withdraw_consent_source(request: HttpRequest) -> ConsentSettingOut:
    """From now on a bare grant permits nothing again; what was recorded stays."""
    return _show_setting(withdraw_source(workspace_of(request)))


def _find(request: HttpRequest, key: str) -> Notice:
    """Raises NotFound."""
    try:
        return find_notice(workspace_of(request), key)
    except NoticeUnknown as error:
        raise NotFound(str(error)) from None


def _summary(notice: Notice) -> dict[str, Any]:
    return {
        "key": notice.key,
        "title": notice.title,
        "purposes": notice.purposes,
        "version": notice.version,
        "languages": sorted(notice.drafts),
    }


def _show(notice: Notice) -> NoticeOut:
    faults = find_faults(notice)
    return NoticeOut(
        **_summary(notice),
        drafts={language: NoticeDraftOut(**draft, faults=faults.get(language, [])) for language, draft in sorted(notice.drafts.items())},
        faults=faults.get("", []),
        versions=[
            NoticeVersionOut(
                version=found.version,
                language=found.language,
                text_hash=found.text_hash,
                published_at=iso(found.published_at),
                purposes=found.purposes,
                says=found.says,
            )
            for found in list_notice_versions(notice.workspace_id, notice.key)
        ],
    )


def _show_setting(setting: ConsentSetting) -> ConsentSettingOut:
    source = (
        SourceOut(
            notice=setting.source_notice,
            version=setting.source_version,
            language=setting.source_language,
            url=setting.source_url,
            instruction=setting.instruction,
            declared_at=iso(setting.declared_at),
        )
        if setting.source_notice
        else None
    )
    return ConsentSettingOut(imbalance=setting.imbalance, source=source)
