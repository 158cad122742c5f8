"""What each role is answered on every page of the console, and that what it sees beyond the owner fits a phone as well. Pages are found in the URL conf."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import Any

import pytest

from bench.console_pages import Answer, Page, list_pages, look
from tests.browser.conftest import Filled, Watch
from tests.browser.page_checks import NARROW, SHAPE, WIDE, judge_shape
from troth.workspaces.models import Role
from troth.workspaces.roles import Permission, permits

pytestmark = pytest.mark.browser
ROLES = [role.value for role in Role]
WITH_FRAME = 12
"""Pages that each role is shown in the browser, whatever others saw."""
ONCE = re.compile(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"')


@pytest.fixture(scope="module")
def seen(filled: Filled) -> dict[str, list[tuple[Page, Answer]]]:
    """Every guarded page, as each role is answered."""
    pages = [page for page in list_pages(filled.examples) if page.is_guarded]
    assert len(pages) > 8
    return {role: [(page, look(filled.host, page.path, filled.sessions[role])) for page in pages] for role in ROLES}


def test_each_role_is_answered_as_the_matrix_says(seen: dict[str, list[tuple[Page, Answer]]], findings: list[str]) -> None:
    for role, answers in seen.items():
        for page, answer in answers:
            if answer.status == 405:
                continue  # it only takes POST; tests/architecture/test_console_pages.py asks those
            may = permits(role, Permission(page.permission))
            right = answer.status in (200, 302, 303) if may else answer.status == 403
            if not right:
                findings.append(f"{role} on {page.path} ({page.name}): {answer.status}")
            elif not may and "<h1" not in answer.body:
                findings.append(f"{role} on {page.path} ({page.name}): the refusal is no page")


@pytest.mark.parametrize("role", ROLES)
def test_no_two_pages_of_a_role_have_one_title(seen: dict[str, list[tuple[Page, Answer]]], findings: list[str], role: str) -> None:
    titles = Counter(title_of(answer) for _, answer in seen[role] if answer.kind == "page" and answer.status == 200)
    assert titles
    findings += [f"{number} pages have the title “{title}”" for title, number in titles.items() if number > 1]


@pytest.mark.parametrize("role", ROLES[1:])  # an owner is gone with through every page in test_console_everywhere.py
def test_every_page_stays_at_home_and_fits_a_phone(
    chromium: Any, filled: Filled, seen: dict[str, list[tuple[Page, Answer]]], findings: list[str], role: str
) -> None:
    context = filled.open_context(chromium, role)
    watch = Watch(filled.host)
    page = watch.follow(context.new_page())
    forbidden = 0
    for number, (one, answer) in enumerate(seen[role]):
        if answer.kind != "page" or answer.status not in (200, 403):
            continue
        if number >= WITH_FRAME and is_known(seen, role, number):
            continue
        forbidden += answer.status == 403
        if answer.status == 403 and forbidden > 3:
            continue  # they are one page with other words in it
        page.set_viewport_size(WIDE)
        page.goto(one.path)
        shape = page.evaluate(SHAPE)
        page.set_viewport_size(NARROW)
        narrow = page.evaluate(SHAPE)
        findings += [f"{one.path}: {line}" for line in judge_shape(shape, narrow)]
        # What a forbidden page answers is no fault of the page.
        complaints = [text for text in watch.complaints if not (answer.status == 403 and "403" in text)]
        findings += [f"{one.path}: the browser complains: {text[:200]}" for text in complaints]
        findings += [f"{one.path}: a request to {url}" for url in watch.foreign]
        watch.complaints.clear()
        watch.foreign.clear()
    context.close()


def is_known(seen: dict[str, list[tuple[Page, Answer]]], role: str, number: int) -> bool:
    """Whether a role before this one is shown the same; what stands around it is looked at on the role's first pages."""
    own = content_of(seen[role][number][1])
    return any(content_of(seen[other][number][1]) == own for other in ROLES[: ROLES.index(role)])


def title_of(answer: Answer) -> str:
    """As a browser shows it."""
    return " ".join(unescape(answer.body.partition("<title>")[2].partition("</title>")[0]).split())


def content_of(answer: Answer) -> str:
    """What a page shows between its frame, without what each request makes anew."""
    return ONCE.sub("", answer.body.partition("<main")[2].partition("</main>")[0])
