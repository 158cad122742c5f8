"""What axe finds on the pages of the console, on a desk and on a phone, in both themes. Pages are found in the URL conf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.console_pages import list_pages, look
from tests.browser.axe import find_violations
from tests.browser.conftest import Filled, Watch
from tests.browser.page_checks import MOVING, NARROW, SHAPE, UNSEEN_FOCUS, WIDE, judge_shape
from tests.conftest import make_served

pytestmark = [pytest.mark.browser, pytest.mark.node]
PARTS = 6
"""In which the many pages are looked at with axe, so that none takes too long."""
SEEN = ((WIDE, "light"), (NARROW, "dark"))
"""Each width and each theme, with all rules."""


@pytest.fixture(scope="module")
def paths(filled: Filled) -> list[str]:
    """Every page of the workspace, as its owner is answered."""
    answers = {page.path: look(filled.host, page.path, filled.sessions["owner"]) for page in list_pages(filled.examples) if page.is_guarded}
    found = [path for path, answer in answers.items() if answer.kind == "page" and answer.status == 200]
    assert len(found) > 8
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_serious_on_any_page(chromium: Any, filled: Filled, paths: list[str], findings: list[str], part: int) -> None:
    context = filled.open_context(chromium, "owner", reduced_motion="reduce")
    findings += examine_with_axe(context.new_page(), paths[part::PARTS])
    context.close()


def examine_with_axe(page: Any, paths: list[str]) -> list[str]:
    """Serious findings at both widths in both themes. What the pages share is told for the first of them only."""
    found: dict[str, str] = {}
    for path in paths:
        page.goto(path)
        for size, theme in SEEN:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for line in find_violations(page):
                found.setdefault(line, f"{path} ({theme}, {size['width']} px): {line}")
    return list(found.values())


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
        findings += [f"{path}: {line}" for line in judge_shape(shape, page.evaluate(SHAPE))]
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
