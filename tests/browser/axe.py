"""What axe-core says of a page, for WCAG 2.2 A and AA.

The engine's source goes into the page through the browser's own debugging protocol, which the content security policy of the page does not bind; so the
page is checked under the policy it is served with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ["serious", "critical"]
CONTRAST = ["color-contrast", "link-in-text-block"]
"""The rules whose answer depends on the theme."""
# Frames are left alone: the only ones hold mail bodies, which customers write and which run no script. Rules that declare a lesser impact find nothing
# that is asked for here, and are not run.
ASK = f"""async ({{rules, without}}) => {{
  const lesser = axe._audit.rules.filter((rule) => rule.impact && !{json.dumps(GRAVE)}.includes(rule.impact));
  const only = rules.length ? {{type: "rule", values: rules}} : {{type: "tag", values: {json.dumps(TAGS)}}};
  const off = rules.length ? {{}} : Object.fromEntries(lesser.map((rule) => [rule.id, {{enabled: false}}]));
  const where = without ? {{exclude: [[without]]}} : document;
  const found = await axe.run(where, {{runOnly: only, rules: off, iframes: false, resultTypes: ["violations"]}});
  return found.violations.map((one) => ({{rule: one.id, impact: one.impact, help: one.help,
    nodes: one.nodes.map((node) => ({{target: node.target.join(" "), html: node.html, says: node.failureSummary}}))}}));
}}"""


def axe_source() -> str:
    """The engine; without it the test is skipped, or failed where nothing may be."""
    if not SOURCE.exists():
        pytest.skip("needs axe-core: make test installs it (npm install in tests/browser)")
    return SOURCE.read_text()


def bring_axe(context: Any) -> None:
    """Have the engine in every page of a browser context: where there are many, that is quicker than to bring it to each."""
    context.add_init_script(axe_source())


def find_violations(page: Any, *, rules: list[str] | None = None, without: str = "") -> list[str]:
    """Serious and critical findings on the page as it is now, one line per element; `rules` narrows what is asked, `without` is a selector of what
    is not looked at."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_source() + "\nundefined")
    lines = []
    for one in page.evaluate(ASK, {"rules": rules or [], "without": without}):
        if one["impact"] in GRAVE:
            for node in one["nodes"]:
                why = " ".join(node["says"].split())[:220]
                lines.append(f"{one['impact']} {one['rule']}: {node['target']}  {' '.join(node['html'].split())[:140]}  ({why})")
    return lines
