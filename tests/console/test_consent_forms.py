"""The room of forms: made for a published notice, changed, closed; and what to put into one's own page. Each act is written down."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.console.test_notices import TEXT, news, written_down
from tests.members import join
from troth.consent.forms import FormField, FormTerms, create_form, list_forms, terms_of_form
from troth.consent.models import ConsentForm

__all__ = ["news"]
MADE = {"title": "Footer", "notice": "news", "origins": "https://shop.example\nhttps://www.shop.example/"}


@pytest.fixture
def owner(workspace: Any) -> Client:
    return join(workspace, "owner")


@pytest.fixture
def form(news: int) -> ConsentForm:
    return create_form(news, FormTerms(title="Footer", notice="news", fields=[FormField(attribute="first_name", label="<b>Name")]), now=1)


def place(workspace_id: int, rest: str = "") -> str:
    return f"/console/{workspace_id}/forms{rest}"


def test_without_a_published_notice_the_room_leads_there(owner: Client, workspace: Any) -> None:
    page = owner.get(place(workspace.pk)).content.decode()
    assert "First a notice" in page
    assert f"/console/{workspace.pk}/notices" in page


def test_a_form_is_made_changed_closed_and_opened(owner: Client, news: int) -> None:
    assert "No forms yet" in owner.get(place(news)).content.decode()
    rows = {"field_attribute": ["first_name", "", ""], "field_label": ["First name", "", ""], "field_required": ["yes", "no", "no"]}
    assert owner.post(place(news, "/new"), {**MADE, **rows}).status_code == 303
    (made,) = list_forms(news)
    asked = [FormField(attribute="first_name", label="First name", required=True)]
    sites = ["https://shop.example", "https://www.shop.example"]
    assert terms_of_form(made) == FormTerms(title="Footer", notice="news", fields=asked, origins=sites)
    own = place(news, f"/{made.form_id}")
    assert "marketing_email:en" in owner.get(f"{own}/edit").content.decode()
    owner.post(f"{own}/edit", {**MADE, "title": "Head", **rows, "label:marketing_email:en": "Write to me"})
    made.refresh_from_db()
    assert (made.title, made.labels, made.version) == ("Head", {"marketing_email": {"en": "Write to me"}}, 2)
    owner.post(f"{own}/open", {"open": "no"})
    made.refresh_from_db()
    assert not made.is_open
    owner.post(f"{own}/open", {"open": "yes"})
    made.refresh_from_db()
    assert made.is_open
    acts = ("form.created", "form.edited", "form.closed", "form.opened")
    assert [len(written_down(act)) for act in acts] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"origins": "shop.example"}, "a site is written as https://example.com"),
        ({"field_attribute": ["e mail"], "field_label": ["x"], "field_required": ["no"]}, "letters, digits"),
        ({"field_attribute": ["email"], "field_label": ["x"], "field_required": ["no"]}, "neither"),
        ({"field_attribute": ["a", "a"], "field_label": ["x", "y"], "field_required": ["no", "no"]}, "asked twice"),
        ({"field_attribute": ["a"], "field_label": [""], "field_required": ["no"]}, "say what is to be entered"),
        ({"title": ""}, "required"),
        ({"notice": "nothing"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(owner: Client, news: int, wrong: dict[str, Any], told: str) -> None:
    answer = owner.post(
        place(news, "/new"), {**MADE, "field_attribute": ["plan"], "field_label": ["Your plan"], "field_required": ["no"], **wrong}
    )
    assert answer.status_code == 422
    assert told in unescape(answer.content.decode())
    assert "https://www.shop.example" in answer.content.decode() or "origins" in wrong
    assert list_forms(news) == []


def test_a_form_s_page_shows_it_and_what_to_put_into_one_s_own(owner: Client, form: ConsentForm) -> None:
    page = owner.get(place(form.workspace_id, f"/{form.form_id}")).content.decode()
    snippets = [unescape(code) for code in re.findall(r"<code>(.*?)</code>", page, re.DOTALL)]
    link, script, plain = snippets
    assert link.endswith(f"/f/{form.form_id}")
    assert script == f'<script src="{link.split("/f/")[0]}/f/embed.js" data-form="{form.form_id}" async></script>'
    assert plain.startswith(f'<form method="post" action="{link}" lang="en">')
    for paragraph in TEXT.split("\n\n"):
        assert paragraph.replace("<", "&lt;").replace(">", "&gt;") in plain
    assert "&lt;b&gt;Name" in plain
    assert 'type="checkbox" name="purpose" value="marketing_email">' in plain
    assert "checked" not in plain.replace("checkbox", "")
    shown = re.search(r'<iframe src="([^"]+)"', page)
    assert shown
    answer = Client().get(unescape(shown[1]))
    assert (answer.status_code, b"once a week" in answer.content) == (200, True)
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("role", ["marketer", "developer", "privacy_officer", "viewer"])
def test_each_role_may_do_what_its_work_is(form: ConsentForm, workspace: Any, role: str) -> None:
    client = join(workspace, role)
    for rest in ("", f"/{form.form_id}"):
        assert client.get(place(form.workspace_id, rest)).status_code == (403 if role == "viewer" else 200)
    for rest in ("/new", f"/{form.form_id}/edit", f"/{form.form_id}/open"):
        assert client.get(place(form.workspace_id, rest)).status_code == (200 if role == "privacy_officer" else 403)


def test_another_workspace_s_form_is_not_found(owner: Client, form: ConsentForm) -> None:
    ConsentForm.objects.filter(pk=form.pk).update(workspace_id=form.workspace_id + 1)
    for rest in (f"/{form.form_id}", f"/{form.form_id}/edit", f"/{form.form_id}/open"):
        assert owner.get(place(form.workspace_id, rest)).status_code == 404


def test_where_no_mail_leaves_the_form_is_looked_at_but_takes_nothing(owner: Client, form: ConsentForm, workspace: Any) -> None:
    workspace.send_mode = "off"
    workspace.save()
    page = owner.get(place(form.workspace_id, f"/{form.form_id}")).content.decode()
    assert "It takes nothing now." in page
    address = f"/f/{form.form_id}"
    assert [Client().get(address + query).status_code for query in ("", "?preview=1")] == [503, 200]
    assert Client().post(f"{address}?preview=1", {"email": ""}).status_code in (422, 503)
