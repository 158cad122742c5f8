"""Questions to a page, asked inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SHAPE = """() => ({
  headings: [...document.querySelectorAll("h1")].map((one) => one.innerText.trim()),
  title: document.title, lang: document.documentElement.lang, width: document.documentElement.scrollWidth,
  mains: document.querySelectorAll("main").length,
  outside: [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && one.checkVisibility())
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 90)),
})"""
# After one press of Tab the browser takes focus by script for focus by keyboard, so that all of a page is gone through at once.
UNSEEN_FOCUS = """() => {
  const shown = (one) => { const style = getComputedStyle(one);
    return `${style.outlineStyle}${style.outlineStyle === "none" ? "" : style.outlineWidth + style.outlineColor}|${style.boxShadow}|${style.borderColor}`
      + `|${style.backgroundColor}`; };
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
    .filter((one) => !one.disabled && one.checkVisibility({visibilityProperty: true}) && one.getClientRects().length);
  const bad = [];
  document.activeElement?.blur();
  for (const one of all.slice(0, 150)) {
    const around = [one, one.closest("label"), one.parentElement].filter(Boolean);
    const before = around.map(shown).join();
    one.focus({preventScroll: true});
    if (document.activeElement === one && around.map(shown).join() === before) bad.push(one.outerHTML.slice(0, 100));
    one.blur();
  }
  return bad;
}"""
MOVING = """() => {
  const bad = new Set();
  for (const one of document.querySelectorAll("*")) for (const part of ["", "::before", "::after"]) {
    const style = getComputedStyle(one, part || undefined);
    const moves = (names, times) => names !== "none" && times.split(",").some((time) => parseFloat(time) > 0.001);
    if (moves(style.animationName, style.animationDuration) || moves(style.transitionProperty, style.transitionDuration))
      bad.add(one.tagName.toLowerCase() + (typeof one.className === "string" && one.className ? "." + one.className.split(" ").join(".") : "") + part);
  }
  return [...bad].slice(0, 5);
}"""

NARROW, WIDE = {"width": 360, "height": 800}, {"width": 1280, "height": 800}


def judge_shape(wide: dict[str, Any], narrow: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a page as it is on a desk and on a phone: each what SHAPE found."""
    if len(wide["headings"]) != 1 or not wide["headings"][0]:
        yield f"its first-level headings are {wide['headings']}"
    if wide["mains"] != 1:
        yield f"it has {wide['mains']} main regions"
    if not wide["lang"] or not wide["title"].strip():
        yield "it has no language or no title"
    for shape, width in ((wide, WIDE["width"]), (narrow, NARROW["width"])):
        if shape["width"] > width:
            yield f"it scrolls sideways at {width} px ({shape['width']} px wide): {shape['outside']}"
