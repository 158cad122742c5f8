"""Forms with the notices that they show. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass

from troth.consent.forms import languages_of, list_forms
from troth.consent.models import ConsentForm, Notice
from troth.consent.notices import list_notices


@dataclass(frozen=True)
class FormRow:
    """A form of the list."""

    form: ConsentForm
    notice: str
    languages: list[str]


def describe_forms(workspace_id: int) -> tuple[list[FormRow], bool]:
    """All forms, and whether there is a published notice to make one for."""
    notices = {notice.key: notice for notice in list_notices(workspace_id)}
    rows = [
        FormRow(form, notices[form.notice].title if form.notice in notices else form.notice, languages_of(form))
        for form in list_forms(workspace_id)
    ]
    return rows, any(notice.version for notice in notices.values())


def list_published_notices(workspace_id: int) -> list[Notice]:
    """The notices that a form can show."""
    return [notice for notice in list_notices(workspace_id) if notice.version]


def name_notice(workspace_id: int, key: str) -> str:
    """A notice as members call it."""
    return next((notice.title for notice in list_notices(workspace_id) if notice.key == key), key)
