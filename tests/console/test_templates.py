"""The room of templates: written beside a preview as anybody, checked, published, compared, restored; each act is written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.console.test_campaigns import dana, marketer
from tests.mail_server import Kept
from tests.members import join
from troth.content.library import create_piece, find_piece, find_version, write_language
from troth.content.publishing import publish_piece
from troth.kernel.personal_data import Subject
from troth.privacy.disclosures.reading import list_disclosures
from troth.workspaces.models import AuditEntry

__all__ = ["dana", "marketer"]
FORM = {
    "kind": "email",
    "key": "welcome",
    "name": "Welcome",
    "first_language": "en",
    "format": "html",
    "part_subject": "Hi {{ person.first_name }}",
}
BODY = "<p>Hi {{ person.first_name }}, {{ event.properties.plan }}.</p>"


def ask(client: Client, workspace: Any, path: str = "", query: str = "") -> str:
    answer = client.get(f"/console/{workspace.pk}/templates{path}?{query}")
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def do(client: Client, workspace: Any, path: str, data: Any = None) -> Any:
    return client.post(f"/console/{workspace.pk}/templates{path}", data or {})


def store(workspace: Any, **fields: Any) -> Any:
    parts = {"en": {"subject": "Hello", "body": BODY}}
    return create_piece(workspace.pk, **{"kind": "email", "key": "welcome", "name": "Welcome", "parts": parts, **fields})


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_template_is_written_translated_and_published(workspace: Any, marketer: Client) -> None:
    assert "No templates yet" in ask(marketer, workspace)
    assert "Write here what you have to say" in ask(marketer, workspace, "/new", "kind=email")
    assert do(marketer, workspace, "/new", {**FORM, "part_body": BODY}).status_code == 303
    german = {"language": "de", "name": "Welcome", "format": "html", "part_subject": "Hallo"}
    assert do(marketer, workspace, "/of/welcome/edit", german).status_code == 303
    assert find_piece(workspace.pk, "welcome").parts["de"]["subject"] == "Hallo"
    assert "as version 1" in ask(marketer, workspace, "/of/welcome/publish")
    do(marketer, workspace, "/of/welcome/publish")
    assert find_version(workspace.pk, "welcome").translations["de"]["subject"] == "Hallo"
    page = ask(marketer, workspace, "/of/welcome")
    assert "Version 1" in page
    assert "?language=de" in page
    assert "version 1" in ask(marketer, workspace, "", "q=welc&kind=email")
    assert "No such template" in ask(marketer, workspace, "", "kind=snippet")
    assert acts() == ["template.created", "template.edited", "template.published"]


def test_what_is_wrong_keeps_it_from_being_published_and_is_told_with_its_place(workspace: Any, marketer: Client) -> None:
    store(workspace, parts={"en": {"subject": "S", "body": "<p>\n{{ a | nope }}</p><a href='/x'>x</a>"}})
    page = ask(marketer, workspace, "/of/welcome")
    assert "line 2, column 8" in page
    assert "there is no filter called &#x27;nope&#x27;" in page
    assert "has to be mended" in ask(marketer, workspace, "/of/welcome/publish")
    do(marketer, workspace, "/of/welcome/publish")
    assert find_piece(workspace.pk, "welcome").version == 0


def test_the_preview_shows_a_real_or_made_up_person_in_the_language_that_is_written(workspace: Any, marketer: Client, dana: int) -> None:
    form = {**FORM, "part_body": BODY, "event_name": "Trial expiring"}
    shown = do(marketer, workspace, "/preview", {**form, "person": "dana@example.com"})
    assert "Hi Dana &lt;D&gt;, pro." in shown.content.decode()
    assert "sandbox" in shown["Content-Security-Policy"]
    made_up = {**form, "made_up": '{"first_name": "Al"}', "event": '{"plan": "free"}'}
    assert "Hi Al, free." in do(marketer, workspace, "/preview", made_up).content.decode()
    assert "Hi Al, free." in do(marketer, workspace, "/preview", {**made_up, "look": "text"}).content.decode()
    told = do(marketer, workspace, "/about", {**form, "person": "7"}).content.decode()
    assert "Hi Dana" in told
    assert "event.properties.plan" in told
    assert "no {{ unsubscribe_url }}" in told
    assert "no JSON" in do(marketer, workspace, "/about", {**form, "made_up": "{"}).content.decode()
    assert acts() == ["template.previewed"]
    dark = "<style>@media (prefers-color-scheme: dark) { p { color: red } }</style><p>x"
    assert "(min-width:0)" in do(marketer, workspace, "/preview", {**form, "part_body": dark, "theme": "dark"}).content.decode()
    assert do(join(workspace, "viewer"), workspace, "/preview", form).status_code == 403


def test_layouts_snippets_and_short_messages_are_previewed_by_themselves(workspace: Any, marketer: Client) -> None:
    layout = {"kind": "layout", "part_body": "<div>{{ content }}</div>", "format": "html"}
    assert "Here stands the template" in do(marketer, workspace, "/preview", layout).content.decode()
    mjml = {"kind": "layout", "part_body": "<mjml><mj-body>{{ content }}</mj-body></mjml>", "format": "mjml"}
    assert "Here stands the template" in do(marketer, workspace, "/preview", mjml).content.decode()
    assert (
        "f Al"
        in do(
            marketer, workspace, "/preview", {"kind": "snippet", "part_body": "f {{ person.n }}", "made_up": '{"n": "Al"}'}
        ).content.decode()
    )
    short = {"kind": "short", "part_title": "T", "part_body": "{{ person.n }} & co", "made_up": '{"n": "Al"}'}
    assert do(marketer, workspace, "/preview", {**short, "look": "text"}).content.decode() == "T\nAl & co"
    assert "<strong>T</strong>" in do(marketer, workspace, "/preview", short).content.decode()


def test_versions_are_compared_and_restored(workspace: Any, marketer: Client) -> None:
    piece = store(workspace)
    publish_piece(piece)
    publish_piece(write_language(piece, "en", {"subject": "Hello", "body": "<p>two</p>"}))
    page = ask(marketer, workspace, "/of/welcome/versions/2")
    assert "&lt;p&gt;two&lt;/p&gt;" in page
    assert "en body" in page
    assert "word for word" in ask(marketer, workspace, "/of/welcome/versions/2", "with=0")
    assert marketer.get(f"/console/{workspace.pk}/templates/of/welcome/versions/9").status_code == 404
    assert "en body" in ask(marketer, workspace, "/of/welcome/versions/1/restore")
    do(marketer, workspace, "/of/welcome/versions/1/restore")
    assert find_piece(workspace.pk, "welcome").parts["en"]["body"] == BODY
    do(marketer, workspace, "/of/welcome/delete")
    assert "No templates yet" in ask(marketer, workspace)


def test_a_newer_snippet_is_told_until_the_template_is_published_again(workspace: Any, marketer: Client) -> None:
    foot = store(workspace, kind="snippet", key="foot", name="Foot", parts={"en": {"body": "<p>f</p>"}})
    publish_piece(foot)
    publish_piece(store(workspace, parts={"en": {"subject": "S", "body": "{% include 'foot' %}"}}))
    publish_piece(foot)
    assert "Published anew since the last version: foot" in ask(marketer, workspace, "/of/welcome")
    assert "Welcome" in ask(marketer, workspace, "/of/foot")
    assert "Take it out there first" in ask(marketer, workspace, "/of/foot/delete")
    do(marketer, workspace, "/of/welcome/publish")
    assert "Published anew" not in ask(marketer, workspace, "/of/welcome")


def test_two_who_write_at_once_do_not_undo_each_other(workspace: Any, marketer: Client) -> None:
    store(workspace)
    late = do(marketer, workspace, "/of/welcome/edit", {"language": "en", "name": "W", "format": "html", "seen": "1", "part_body": "mine"})
    assert "Somebody else saved" in late.content.decode()
    assert find_piece(workspace.pk, "welcome").parts["en"]["body"] == BODY


def test_a_test_goes_to_the_members_own_address(workspace: Any, marketer: Client, dana: int, mail_server: Kept) -> None:
    workspace.send_mode = "live"
    workspace.save()
    told = do(marketer, workspace, "/new", {**FORM, "part_body": BODY, "person": "7", "do": "test"}).content.decode()
    assert "Sent to marketer@example.com" in told
    recipients, mail = mail_server.mails[0]
    assert [(row.kind, row.basis) for row in list_disclosures(Subject(workspace.pk, dana))] == [
        ("channel", "mail_test"),
        ("member", "mail_test"),
    ]
    assert recipients == ["marketer@example.com"]
    assert b"Hi Dana <D>, ." in mail


@pytest.mark.parametrize("role", ["viewer", "developer", "privacy_officer"])
def test_who_may_not_write_may_look(workspace: Any, role: str) -> None:
    store(workspace)
    client = join(workspace, role)
    assert "New e-mail" not in ask(client, workspace)
    assert "/of/welcome/edit" not in ask(client, workspace, "/of/welcome")
    assert client.get(f"/console/{workspace.pk}/templates/of/welcome/edit").status_code == 403
    assert do(client, workspace, "/of/welcome/publish").status_code == 403
