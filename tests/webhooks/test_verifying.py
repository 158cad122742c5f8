"""What docs/webhooks.md tells receivers to do, done word for word with a delivery that came."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.webhooks.desk import Desk

DOCS = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    return str(found)


def test_python_verifies_a_delivery_and_refuses_a_changed_one(desk: Desk) -> None:
    desk.listen("user_created")
    desk.person("1")
    (asked,) = desk.deliver()
    told: dict[str, object] = {}
    exec(snippet("python"), told)
    verify = told["verify"]
    assert callable(verify)
    assert verify(desk.secret, asked.headers, asked.body)
    assert not verify(desk.secret, asked.headers, asked.body + b" ")
    assert not verify(desk.secret, {**asked.headers, "webhook-id": "msg_1"}, asked.body)
    assert not verify(desk.secret, {**asked.headers, "webhook-timestamp": "1"}, asked.body)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_does_the_same(desk: Desk, tmp_path: Path) -> None:
    desk.listen("user_created")
    desk.person("1")
    (asked,) = desk.deliver()
    given = json.dumps({"secret": desk.secret, "headers": asked.headers, "body": asked.body.decode()})
    script = tmp_path / "verify.cjs"
    script.write_text(
        snippet("javascript")
        + f"\nconst given = {given};\nconst body = Buffer.from(given.body);\n"
        + "console.log(verify(given.secret, given.headers, body), verify(given.secret, given.headers, Buffer.concat([body, body])));"
    )
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "true false"


def test_every_type_stands_in_the_docs() -> None:
    from troth.webhooks.kinds import TYPES

    assert [type_ for type_ in TYPES if f"`{type_}`" not in DOCS] == []
