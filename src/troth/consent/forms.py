"""Forms that ask for consent: what they ask, in which languages, and who may show them. What people answer goes through the one door."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.evidence import Shown
from troth.consent.models import ConsentForm
from troth.consent.notices import find_notice, read_text
from troth.consent.purpose_names import name_in
from troth.kernel.errors import TrothError

_ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
MOST_FIELDS = 10
LONGEST_ANSWER = 200
"""Characters of one answer: all of them travel in the link of the confirmation mail."""


class FormInvalid(TrothError):
    """A form that cannot be kept like this."""


class FormUnknown(TrothError):
    """No such form."""


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """Something a form asks beside the address; it becomes an attribute of the person."""

    attribute: str
    label: str
    required: bool = False


class FormTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a form is."""

    title: str
    notice: str
    fields: list[FormField] = []
    labels: dict[str, dict[str, str]] = {}
    origins: list[str] = []


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One box of a form; it is never ticked beforehand."""

    rule: PurposeRule
    name: str
    description: str
    label: str
    """Empty: the usual words."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A form in one language, as a person sees it."""

    form: ConsentForm
    shown: Shown
    text: str
    questions: list[Question]

    @property
    def fields(self) -> list[FormField]:
        """What is asked beside the address."""
        return msgspec.convert(self.form.fields, list[FormField])


def create_form(workspace_id: int, terms: FormTerms, *, now: int) -> ConsentForm:
    """A new form, open at once. Raises FormInvalid, NoticeUnknown."""
    _check(workspace_id, terms)
    return ConsentForm.objects.create(
        form_id=secrets.token_urlsafe(12), workspace_id=workspace_id, created_at=now, **msgspec.to_builtins(terms)
    )


def revise_form(workspace_id: int, form_id: str, terms: FormTerms) -> ConsentForm:
    """Change a form; its version tells later what a person saw. Raises FormInvalid, FormUnknown, NoticeUnknown."""
    form = find_form_of(workspace_id, form_id)
    _check(workspace_id, terms)
    if terms_of_form(form) != terms:
        for name, value in msgspec.to_builtins(terms).items():
            setattr(form, name, value)
        form.version += 1
        form.save()
    return form


def open_form(workspace_id: int, form_id: str, *, is_open: bool) -> ConsentForm:
    """Open or close a form. What was sent before it closed can still be confirmed. Raises FormUnknown."""
    form = find_form_of(workspace_id, form_id)
    form.is_open = is_open
    form.save(update_fields=["is_open"])
    return form


def terms_of_form(form: ConsentForm) -> FormTerms:
    """A form as it stands."""
    return msgspec.convert({name: getattr(form, name) for name in FormTerms.__struct_fields__}, FormTerms)


def list_forms(workspace_id: int) -> list[ConsentForm]:
    """All forms of a workspace, the newest first."""
    return list(ConsentForm.objects.filter(workspace_id=workspace_id).order_by("-created_at", "form_id"))


def find_form_of(workspace_id: int, form_id: str) -> ConsentForm:
    """A form of a workspace. Raises FormUnknown."""
    found = ConsentForm.objects.filter(workspace_id=workspace_id, form_id=form_id).first()
    if found is None:
        raise FormUnknown("There is no such form in this workspace.")
    return found


def find_form(form_id: str) -> ConsentForm:
    """A form by the id in its address, which alone tells the workspace. Raises FormUnknown."""
    found = ConsentForm.objects.filter(form_id=form_id).first()
    if found is None:
        raise FormUnknown("There is no such form.")
    return found


def languages_of(form: ConsentForm, version: str = "") -> list[str]:
    """The languages of the latest version of the form's notice, or of another; none: nothing is published, and it cannot be shown."""
    notices = load_catalog(form.workspace_id).notices
    wanted = version or max((number for key, number, _ in notices if key == form.notice), key=int, default="")
    return sorted(language for key, number, language in notices if (key, number) == (form.notice, wanted))


def ask_in(form: ConsentForm, language: str, version: str = "") -> Asked | None:
    """A form in one language, with the latest version of its notice or the one that a person saw; None when there is no such text."""
    catalog = load_catalog(form.workspace_id)
    numbers = [number for key, number, said in catalog.notices if (key, said) == (form.notice, language)]
    number = version or max(numbers, key=int, default="")
    shown = catalog.notices.get((form.notice, number, language))
    if shown is None:
        return None
    questions = [
        Question(
            rule=rule,
            name=name_in(rule, language),
            description=rule.description_in(language),
            label=form.labels.get(key, {}).get(language, ""),
        )
        for key in shown.purposes
        if (rule := catalog.purposes.get(key)) is not None
    ]
    return Asked(form=form, shown=shown, text=read_text(form.workspace_id, shown.text_hash), questions=questions)


def _check(workspace_id: int, terms: FormTerms) -> None:
    if not terms.title.strip():
        raise FormInvalid("$.title: a form needs a title.")
    purposes = find_notice(workspace_id, terms.notice).purposes
    _check_fields(terms.fields)
    for purpose, labels in terms.labels.items():
        if purpose not in purposes or not all(text.strip() for text in labels.values()):
            raise FormInvalid("$.labels: a label belongs to a purpose that the notice asks about, and says something.")
    for origin in terms.origins:
        _check_origin(origin)


def _check_fields(fields: Sequence[FormField]) -> None:
    if len(fields) > MOST_FIELDS:
        raise FormInvalid(f"$.fields: at most {MOST_FIELDS}: ask only what you need (Art. 5(1)(c)).")
    names: Mapping[str, int] = {field.attribute: place for place, field in enumerate(fields)}
    for place, field in enumerate(fields):
        if not _ATTRIBUTE.fullmatch(field.attribute) or field.attribute in ("id", "email"):
            raise FormInvalid(
                f"$.fields[{place}].attribute: letters, digits and `_`, beginning with a letter, and neither `id` nor `email`."
            )
        if not field.label.strip():
            raise FormInvalid(f"$.fields[{place}].label: say what is to be entered.")
        if names[field.attribute] != place:
            raise FormInvalid(f"$.fields[{place}].attribute: it is asked twice.")


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    is_plain = parts.scheme in ("https", "http") and parts.hostname and origin == f"{parts.scheme}://{parts.netloc}"
    if not is_plain or not re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc):
        raise FormInvalid("$.origins: a site is written as https://example.com, without a path.")
