"""What must hold on every page of the console, for every role, in both themes, on a phone and on a desk. Pages are found in the URL conf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.console_pages import Answer, Page, list_pages, look
from tests.browser.axe import CONTRAST, find_violations
from tests.browser.conftest import Filled, Watch
from tests.browser.page_checks import MOVING, SHAPE, UNSEEN_FOCUS
from tests.conftest import make_served
from troth.workspaces.models import Role
from troth.workspaces.roles import Permission, permits

pytestmark = pytest.mark.browser
ROLES = [role.value for role in Role]
NARROW, WIDE = {"width": 360, "height": 800}, {"width": 1280, "height": 800}


PARTS = 6
"""In which the many pages are looked at with axe, so that none takes too long."""


@pytest.fixture(scope="module")
def seen(filled: Filled) -> dict[str, list[tuple[Page, Answer]]]:
    """Every guarded page, as each role is answered."""
    pages = [page for page in list_pages(filled.examples) if page.is_guarded]
    assert len(pages) > 8
    return {role: [(page, look(filled.host, page.path, filled.sessions[role])) for page in pages] for role in ROLES}


@pytest.fixture
def findings() -> Iterator[list[str]]:
    """All that is wrong, told at the end in one message."""
    lines: list[str] = []
    yield lines
    assert not lines, f"{len(lines)} findings:\n" + "\n".join(lines)


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
def test_every_page_stays_at_home_and_fits_a_phone(
    chromium: Any, filled: Filled, seen: dict[str, list[tuple[Page, Answer]]], findings: list[str], role: str
) -> None:
    context = filled.open_context(chromium, role)
    watch = Watch(filled.host)
    page = watch.follow(context.new_page())
    titles: Counter[str] = Counter()
    for one, answer in seen[role]:
        if answer.kind != "page" or answer.status not in (200, 403):
            continue
        page.set_viewport_size(WIDE)
        page.goto(one.path)
        shape = page.evaluate(SHAPE)
        page.set_viewport_size(NARROW)
        narrow = page.evaluate(SHAPE)
        if answer.status == 200:
            titles[f"{shape['title']}"] += 1
        findings += [f"{one.path}: {line}" for line in _judge_shape(shape, narrow)]
        # What a forbidden page answers is no fault of the page.
        complaints = [text for text in watch.complaints if not (answer.status == 403 and "403" in text)]
        findings += [f"{one.path}: the browser complains: {text[:200]}" for text in complaints]
        findings += [f"{one.path}: a request to {url}" for url in watch.foreign]
        watch.complaints.clear()
        watch.foreign.clear()
    context.close()
    findings += [f"{number} pages have the title “{title}”" for title, number in titles.items() if number > 1]


def _judge_shape(wide: dict[str, Any], narrow: dict[str, Any]) -> Iterator[str]:
    if len(wide["headings"]) != 1 or not wide["headings"][0]:
        yield f"its first-level headings are {wide['headings']}"
    if wide["mains"] != 1:
        yield f"it has {wide['mains']} main regions"
    if not wide["lang"] or not wide["title"].strip():
        yield "it has no language or no title"
    for shape, width in ((wide, WIDE["width"]), (narrow, NARROW["width"])):
        if shape["width"] > width:
            yield f"it scrolls sideways at {width} px ({shape['width']} px wide): {shape['outside']}"


def test_focus_is_seen_and_motion_can_be_turned_off_everywhere(
    chromium: Any, filled: Filled, seen: dict[str, list[tuple[Page, Answer]]], findings: list[str]
) -> None:
    context = filled.open_context(chromium, "owner", reduced_motion="reduce")
    page = context.new_page()
    for one, answer in seen["owner"]:
        if answer.kind != "page" or answer.status != 200:
            continue
        page.goto(one.path)
        findings += [f"{one.path}: moves although motion is unwanted: {what}" for what in page.evaluate(MOVING)]
        stops = []
        for _ in range(4):
            page.keyboard.press("Tab")
            stops.append(page.evaluate("() => document.activeElement.outerHTML.slice(0, 80)"))
        if len(set(stops)) < 3 or any(stop.startswith("<body") for stop in stops[:3]):
            findings.append(f"{one.path}: the keyboard does not get on: {stops}")
        findings += [f"{one.path}: nobody sees that this has the focus: {what}" for what in page.evaluate(UNSEEN_FOCUS)]
    context.close()


@pytest.mark.node
@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_serious_on_any_page(
    chromium: Any, filled: Filled, seen: dict[str, list[tuple[Page, Answer]]], findings: list[str], part: int
) -> None:
    context = filled.open_context(chromium, "owner", reduced_motion="reduce")
    paths = [one.path for one, answer in seen["owner"] if answer.kind == "page" and answer.status == 200]
    findings += examine_with_axe(context.new_page(), paths[part::PARTS])
    context.close()


def examine_with_axe(page: Any, paths: list[str]) -> list[str]:
    """Serious findings at both widths in both themes. What the pages share is told for the first of them only."""
    found: dict[str, str] = {}
    for path in paths:
        page.goto(path)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                for line in find_violations(page, rules=CONTRAST if theme == "dark" else None):
                    found.setdefault(line, f"{path} ({theme}, {size['width']} px): {line}")
    return list(found.values())


@pytest.mark.node
@pytest.mark.parametrize("role", ["", "owner"], ids=["stranger", "member"])
def test_pages_outside_a_workspace_are_as_good(chromium: Any, filled: Filled, findings: list[str], role: str) -> None:
    session = filled.sessions.get(role, "")
    answers = {page.path: look(filled.host, page.path, session) for page in list_pages(filled.examples) if not page.is_guarded}
    paths = [path for path, answer in answers.items() if answer.kind == "page" and answer.status == 200]
    assert len(paths) > 1
    watch = Watch(filled.host)
    options = {"viewport": WIDE, "reduced_motion": "reduce"}
    context = (
        filled.open_context(chromium, role, reduced_motion="reduce")
        if role
        else chromium.new_context(base_url=filled.served.url, **options)
    )
    page = watch.follow(context.new_page())
    for path in paths:
        page.set_viewport_size(WIDE)
        page.goto(path)
        shape = page.evaluate(SHAPE)
        page.set_viewport_size(NARROW)
        findings += [f"{path}: {line}" for line in _judge_shape(shape, page.evaluate(SHAPE))]
        findings += [f"{path}: nobody sees that this has the focus: {what}" for what in tab_through(page)]
    findings += examine_with_axe(page, paths)
    findings += [f"the browser complains: {text}" for text in watch.complaints]
    findings += [f"a request to {url}" for url in watch.foreign]
    findings += [f"{path} answers {answer.status}" for path, answer in answers.items() if answer.status >= 500]
    context.close()


def tab_through(page: Any) -> list[str]:
    """What takes the focus unseen, after the keyboard took it once."""
    page.keyboard.press("Tab")
    return list(page.evaluate(UNSEEN_FOCUS))


@pytest.mark.node
def test_axe_finds_nothing_serious_in_the_components(chromium: Any, tmp_path: Path, findings: list[str]) -> None:
    served = make_served(tmp_path, TROTH_DEBUG="1")
    served.start()
    try:
        context = chromium.new_context(base_url=served.url, viewport=WIDE, reduced_motion="reduce")
        page = Watch(f"127.0.0.1:{served.port}").follow(context.new_page())
        findings += examine_with_axe(page, ["/console/_design"])
        findings += [f"moves although motion is unwanted: {what}" for what in page.evaluate(MOVING)]
        context.close()
    finally:
        served.stop()
