"""What axe-core says of a page, for WCAG 2.2 A and AA.

The engine's source goes into the page through the browser's own debugging protocol, which the content security policy of the page does not bind; so the
page is checked under the policy it is served with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ("serious", "critical")
CONTRAST = ["color-contrast", "link-in-text-block"]
"""The rules whose answer depends on the theme."""
# Frames are left alone: the only ones hold mail bodies, which customers write and which run no script.
ASK = """async (rules) => {
  const only = rules.length ? {type: "rule", values: rules} : {type: "tag", values: %s};
  const found = await axe.run(document, {runOnly: only, iframes: false, resultTypes: ["violations"]});
  return found.violations.map((one) => ({rule: one.id, impact: one.impact, help: one.help,
    nodes: one.nodes.map((node) => ({target: node.target.join(" "), html: node.html, says: node.failureSummary}))}));
}""" % str(TAGS).replace("'", '"')


def axe_source() -> str:
    """The engine; without it the test is skipped, or failed where nothing may be."""
    if not SOURCE.exists():
        pytest.skip("needs axe-core: make test installs it (npm install in tests/browser)")
    return SOURCE.read_text()


def find_violations(page: Any, *, rules: list[str] | None = None) -> list[str]:
    """Serious and critical findings on the page as it is now, one line per element; `rules` narrows what is asked."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_source() + "\nundefined")
    lines = []
    for one in page.evaluate(ASK, rules or []):
        if one["impact"] in GRAVE:
            for node in one["nodes"]:
                why = " ".join(node["says"].split())[:220]
                lines.append(f"{one['impact']} {one['rule']}: {node['target']}  {' '.join(node['html'].split())[:140]}  ({why})")
    return lines
