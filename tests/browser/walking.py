"""A walk through pages: one visit of each asks all that must hold of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.browser.axe import bring_axe, find_violations
from tests.browser.conftest import Watch
from tests.browser.page_checks import MOVING, NARROW, SHAPE, UNSEEN_FOCUS, WIDE, judge_shape

SIDE = "body > header"
"""What stands beside every page of a workspace."""
MADE_ANEW = re.compile(r' (?:href|action|value|nonce)="[^"]*"')
"""Where a page leads and what each request makes anew; nothing of it is seen."""


@dataclass
class Walk:
    """Pages of one browser context, one after the other. What axe finds is told once: of the first page that has it."""

    context: Any
    watch: Watch
    page: Any = None
    _sides: set[tuple[str, str]] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        bring_axe(self.context)
        self.page = self.watch.follow(self.context.new_page())
        self._see(WIDE, "light")

    def visit(self, path: str) -> Iterator[str]:
        """What is wrong with a page: on a desk in the light theme, on a phone in the dark one, and for the keyboard."""
        yield from (f"{path}: {line}" for line in self._ask(path))
        self.watch.complaints.clear()
        self.watch.foreign.clear()

    def _ask(self, path: str) -> Iterator[str]:
        self.page.goto(path)
        wide = self.page.evaluate(SHAPE)
        yield from (f"moves although motion is unwanted: {what}" for what in self.page.evaluate(MOVING))
        yield from self._examine(f"light, {WIDE['width']} px")
        self._see(NARROW, "dark")
        yield from judge_shape(wide, self.page.evaluate(SHAPE))
        yield from self._examine(f"dark, {NARROW['width']} px")
        self._see(WIDE, "light")
        yield from self._tab_through()
        yield from (f"the browser complains: {text[:200]}" for text in self.watch.complaints)
        yield from (f"a request to {url}" for url in self.watch.foreign)

    def _see(self, size: dict[str, int], theme: str) -> None:
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")

    def _examine(self, look: str) -> Iterator[str]:
        """Serious findings of axe. What stands beside the page was looked at already where it stood so beside another."""
        beside = self.page.evaluate("(side) => document.querySelector(side)?.outerHTML", SIDE)
        side = (look, MADE_ANEW.sub("", beside or ""))
        is_known = side in self._sides
        self._sides.add(side)
        found = find_violations(self.page, without=SIDE if beside and is_known else "")
        yield from (f"{line} ({look})" for line in found if line not in self._told)
        self._told.update(found)

    def _tab_through(self) -> Iterator[str]:
        stops = []
        for _ in range(4):
            self.page.keyboard.press("Tab")
            stops.append(self.page.evaluate("() => document.activeElement.outerHTML.slice(0, 80)"))
        fewest = 3 if self.page.query_selector(SIDE) else 1  # a page that stands alone may have one way on
        if len(set(stops)) < fewest or any(stop.startswith("<body") for stop in stops[:fewest]):
            yield f"the keyboard does not get on: {stops}"
        yield from (f"nobody sees that this has the focus: {what}" for what in self.page.evaluate(UNSEEN_FOCUS))
