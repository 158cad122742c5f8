"""What holds for every page that people see, today and for whoever adds one: words, policy, guards, and the wall between workspaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client

from bench.console_data import TEAM, fill_workspace, invite_team
from bench.console_examples import find_examples
from bench.console_pages import list_pages, list_routes
from tests.architecture.templates import find_bare_text

SOURCE = Path(__file__).parents[2] / "src" / "troth"
TEMPLATES = [path for path in sorted(SOURCE.rglob("templates/**/*.html")) if not {"design", "mails"} & set(path.parts)]
SCRIPTS = sorted((SOURCE / "console" / "static" / "troth" / "console").rglob("*.js"))
PERSONAL = ("see_people", "see_consents", "see_messages", "see_live")
INLINE = re.compile(
    r"""\sstyle\s*=|<style\b|\son[a-z]+\s*=|<script\b(?![^>]*\ssrc=)|javascript:|\bhx-on\b|hx-vals=["']js:""", re.IGNORECASE
)
ICON = re.compile(r'(?:<c-icon name|\bicon)="([^"]+)"')
KNOWN_ICONS = {name.removesuffix(".svg") for name in ZipFile(str(files("lucide").joinpath("lucide.zip"))).namelist()}
IN_WORKSPACE = "console/<int:workspace_id>/"


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_every_word_of_a_page_can_be_translated(template: Path) -> None:
    assert find_bare_text(template.read_text()) == []


def test_bare_words_would_be_found() -> None:
    assert find_bare_text("<p>Hello {{ name }}</p><c-stat label='People' />") == ["Hello", 'label="People"']
    assert (
        find_bare_text("<p>{% translate 'Hello' %} · {% blocktranslate %}<b>you</b>{% endblocktranslate %}</p><code>make demo</code>") == []
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_a_page_needs_no_exception_from_the_content_security_policy(template: Path) -> None:
    assert INLINE.findall(re.sub(r"\{%.*?%\}|\{#.*?#\}", " ", template.read_text(), flags=re.DOTALL)) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_no_tag_is_broken_over_two_lines(template: Path) -> None:
    """Django shows such a tag as it is written."""
    assert re.findall(r"\{\{[^}]*\n[^}]*\}\}|\{%[^%]*\n[^%]*%\}", template.read_text()) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_every_icon_that_a_page_may_show_exists(template: Path) -> None:
    named = ICON.findall(template.read_text())
    icons = {word for text in named for word in re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text).split()}
    assert icons <= KNOWN_ICONS


def test_own_scripts_stay_under_two_hundred_lines() -> None:
    assert SCRIPTS
    assert sum(len(path.read_text().splitlines()) for path in SCRIPTS) <= 200


def guarded_routes() -> list[tuple[str, str, Any]]:
    return [found for found in list_routes() if found[1].startswith(IN_WORKSPACE)]


def test_every_page_of_a_workspace_is_guarded_by_a_permission() -> None:
    routes = guarded_routes()
    assert len(routes) > 8
    assert [route for _, route, view in routes if not getattr(view, "permission", "")] == []


def test_every_look_at_persons_is_written_down() -> None:
    silent = [
        route for _, route, view in guarded_routes() if getattr(view, "permission", "") in PERSONAL and not getattr(view, "audit", "")
    ]
    assert silent == []


def test_every_action_of_a_page_has_words_in_the_audit_log() -> None:
    from troth.workspaces.audit import ACTIONS

    assert [route for _, route, view in guarded_routes() if (action := getattr(view, "audit", "")) and action not in ACTIONS] == []


@pytest.fixture
def two_workspaces(workspace: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two workspaces with the same things in them; the team is that of the first. Example ids of both."""
    from troth.kernel.clock import now_ms
    from troth.workspaces.models import Member, User
    from troth.workspaces.registry import create_workspace

    other = create_workspace("Somebody else's", owner="mallory@example.com", password="correct horse battery").workspace
    invite_team(workspace.pk)
    for place in (workspace, other):
        fill_workspace(place.pk, now_ms(), people=12, events=240)
    # Both have a member to be named in an address who is nobody's only owner.
    for place in (workspace, other):
        user = User.objects.create_user(f"colleague-{place.pk}@example.com")
        Member.objects.create(user=user, workspace=place, role="viewer")
    return find_examples(workspace.pk), find_examples(other.pk)


def as_member(email: str) -> Client:
    from troth.workspaces.models import User

    client = Client()
    client.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask_all(client: Client, examples: dict[str, Any]) -> Iterator[tuple[Any, str, int]]:
    """Page, method and status of every guarded address that one is allowed to ask in that way."""
    for page in list_pages(examples):
        if page.is_guarded:
            statuses = {"GET": client.get(page.path).status_code, "POST": client.post(page.path, {}).status_code}
            assert set(statuses.values()) != {405}, page.path
            yield from ((page, method, status) for method, status in statuses.items() if status != 405)


def test_a_stranger_finds_no_page_of_a_workspace(two_workspaces: Any) -> None:
    own, _ = two_workspaces
    found = [(page.path, method, status) for page, method, status in ask_all(as_member("mallory@example.com"), own) if status != 404]
    assert found == []


def test_nobody_reaches_things_of_another_workspace_through_their_own(two_workspaces: Any) -> None:
    own, others = two_workspaces
    swapped = {**others, "workspace_id": own["workspace_id"]}
    own_paths = {page.path for page in list_pages(own)}
    pages = [page for page in list_pages(swapped) if page.is_guarded and page.path not in own_paths]
    assert pages
    client = as_member("owner@example.com")
    wrong = []
    for page in pages:
        for method in (client.get, client.post):
            status = method(page.path, {}).status_code
            if status not in (404, 405):
                wrong.append((page.path, method.__name__, status))
    assert wrong == []


@pytest.mark.parametrize("email", sorted(TEAM))
def test_a_role_that_may_not_is_refused_whichever_way_it_asks(two_workspaces: Any, email: str) -> None:
    from troth.workspaces.roles import Permission, permits

    own, _ = two_workspaces
    client = as_member(email)
    closed = [page for page in list_pages(own) if page.is_guarded and not permits(TEAM[email], Permission(page.permission))]
    wrong = []
    for page in closed:
        statuses = {client.get(page.path).status_code, client.post(page.path, {}).status_code}
        if not statuses <= {403, 405} or statuses == {405}:
            wrong.append((page.path, statuses))
    assert wrong == []


def test_without_a_log_in_every_page_leads_to_it(two_workspaces: Any) -> None:
    own, _ = two_workspaces
    client = Client()
    for page in list_pages(own):
        if page.is_guarded:
            answer = client.get(page.path)
            assert answer.status_code == 302, page.path
            assert "/login" in answer.headers["Location"], page.path
