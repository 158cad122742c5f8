"""Forms that ask for consent: made here or in the console, shown at `/f/…`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.schemas import Input, problems
from troth.consent.forms import FormTerms, create_form, find_form_of, languages_of, list_forms, open_form, revise_form, terms_of_form
from troth.consent.models import ConsentForm
from troth.kernel.clock import now_ms

router = Router(tags=["forms"])
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class FieldIn(Input):
    """Something asked beside the address; it becomes an attribute of the person."""

    attribute: Annotated[str, StringConstraints(max_length=63)]
    label: Short
    required: bool = False


class FormIn(Input):
    """What a form is."""

    title: Short
    notice: Annotated[str, StringConstraints(max_length=64)] = Field(description="The key of a notice; each of its purposes gets a box.")
    fields: list[FieldIn] = Field([], max_length=10)
    labels: dict[str, dict[str, Short]] = Field(
        {}, description="Purpose → language → what stands beside its box, where the usual words will not do."
    )
    origins: list[Short] = Field([], max_length=50, description="Sites that may show it in a frame, e.g. `https://example.com`.")


class FormOut(Schema):
    """A form as it stands."""

    id: str
    url: str
    title: str
    notice: str
    version: int
    is_open: bool
    languages: list[str] = Field(description="Those in which its notice is published; none: it cannot be shown yet.")
    fields: list[FieldIn]
    labels: dict[str, dict[str, str]]
    origins: list[str]


@router.get("/forms", auth=READ_PEOPLE, response={200: list[FormOut], **problems()})
def list_all_forms(request: HttpRequest) -> list[FormOut]:
    """The forms of the workspace, the newest first."""
    return [_show(form) for form in list_forms(workspace_of(request))]


@router.post("/forms", auth=WRITE_CONSENT, response={201: FormOut, **problems(404)})
def make_form(request: HttpRequest, said: FormIn) -> Status[FormOut]:
    """Make a form; it is open at once."""
    return Status(201, _show(create_form(workspace_of(request), _terms(said), now=now_ms())))


@router.get("/forms/{form_id}", auth=READ_PEOPLE, response={200: FormOut, **problems(404)})
def get_form(request: HttpRequest, form_id: str) -> FormOut:
    """One form."""
    return _show(find_form_of(workspace_of(request), form_id))


@router.put("/forms/{form_id}", auth=WRITE_CONSENT, response={200: FormOut, **problems(404)})
def change_form(request: HttpRequest, form_id: str, said: FormIn) -> FormOut:
    """Change a form; its version grows."""
    return _show(revise_form(workspace_of(request), form_id, _terms(said)))


@router.post("/forms/{form_id}/close", auth=WRITE_CONSENT, response={200: FormOut, **problems(404)})
def close_form(request: HttpRequest, form_id: str) -> FormOut:
    """Take nothing more; what was entered before can still be confirmed."""
    return _show(open_form(workspace_of(request), form_id, is_open=False))


@router.post("/forms/{form_id}/open", auth=WRITE_CONSENT, response={200: FormOut, **problems(404)})
def reopen_form(request: HttpRequest, form_id: str) -> FormOut:
    """Take entries again."""
    return _show(open_form(workspace_of(request), form_id, is_open=True))


def _terms(said: FormIn) -> FormTerms:
    return msgspec.convert(said.dict(), FormTerms)


def _show(form: ConsentForm) -> FormOut:
    terms = msgspec.to_builtins(terms_of_form(form))
    return FormOut(
        id=form.form_id,
        url=f"{settings.TROTH_URL}/f/{form.form_id}",
        version=form.version,
        is_open=form.is_open,
        languages=languages_of(form),
        **terms,
    )
