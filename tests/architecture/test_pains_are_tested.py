"""Every pain of docs/pains.md is held against our way by a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "pains.md").read_text(encoding="utf-8")


def test_each_of_the_twenty_five_names_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|.*$", TABLE, re.MULTILINE)
    assert rows == [str(number) for number in range(1, 26)]
    assert all("`tests/" in line for line in TABLE.splitlines() if re.match(r"\| \d", line))


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)
    assert len(named) >= 25
    missing = [
        f"{path}::{name}" for path, name in named if not re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE)
    ]
    assert missing == []
