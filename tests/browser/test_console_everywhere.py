"""What must hold on every page of the console, in both themes, on a phone and on a desk, as the owner of a workspace sees it. Pages are found in the URL
conf. What others see is asked in test_console_roles.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.console_pages import list_pages, look
from tests.browser.conftest import Filled, Watch
from tests.browser.page_checks import WIDE
from tests.browser.walking import Walk
from tests.conftest import make_served

pytestmark = [pytest.mark.browser, pytest.mark.node]
PARTS = 6
"""In which the many pages are gone through, so that none takes too long."""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_seen_reached_and_read_by_everybody_and_stays_at_home(
    chromium: Any, filled: Filled, findings: list[str], part: int
) -> None:
    context = filled.open_context(chromium, "owner", reduced_motion="reduce")
    walk = Walk(context, Watch(filled.host))
    guarded = [page.path for page in list_pages(filled.examples) if page.is_guarded]
    visited = 0
    for path in guarded[part::PARTS]:
        answer = look(filled.host, path, filled.sessions["owner"])
        if answer.kind == "page" and answer.status == 200:
            findings += walk.visit(path)
            visited += 1
    context.close()
    assert visited > 3


@pytest.mark.parametrize("role", ["", "owner"], ids=["stranger", "member"])
def test_pages_outside_a_workspace_are_as_good(chromium: Any, filled: Filled, findings: list[str], role: str) -> None:
    session = filled.sessions.get(role, "")
    answers = {page.path: look(filled.host, page.path, session) for page in list_pages(filled.examples) if not page.is_guarded}
    paths = [path for path, answer in answers.items() if answer.kind == "page" and answer.status == 200]
    assert len(paths) > 1
    options = {"viewport": WIDE, "reduced_motion": "reduce"}
    context = (
        filled.open_context(chromium, role, reduced_motion="reduce")
        if role
        else chromium.new_context(base_url=filled.served.url, **options)
    )
    walk = Walk(context, Watch(filled.host))
    for path in paths:
        findings += walk.visit(path)
    findings += [f"{path} answers {answer.status}" for path, answer in answers.items() if answer.status >= 500]
    context.close()


def test_the_components_are_as_good(chromium: Any, tmp_path: Path, findings: list[str]) -> None:
    served = make_served(tmp_path, TROTH_DEBUG="1")
    served.start()
    try:
        context = chromium.new_context(base_url=served.url, viewport=WIDE, reduced_motion="reduce")
        findings += Walk(context, Watch(f"127.0.0.1:{served.port}")).visit("/console/_design")
        context.close()
    finally:
        served.stop()
