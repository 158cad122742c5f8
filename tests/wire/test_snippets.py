"""What the set-up page gives to copy runs as it stands, once the key is put in, and its event arrives."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from clients_run import HERE, PYTHON

from troth.console.setup.snippets import SNIPPETS, Snippet

KEYS = {"server": "auth_token", "tracking": "tracking_api_key", "write": "write_key"}


def command_for(snippet: Snippet, text: str) -> list[str]:
    """How somebody would run it."""
    if snippet.install.startswith("pip"):
        if not PYTHON.exists():
            pytest.skip("the Python clients are not installed: `make test` installs them")
        return [str(PYTHON), "-c", text]
    if snippet.install.startswith("npm"):
        if not (HERE / "node_modules").exists():
            pytest.skip("the Node clients are not installed: `make test` installs them")
        return ["node", "--input-type=module", "-e", text]
    return ["bash", "-c", text]


@pytest.mark.parametrize(
    "snippet",
    [pytest.param(one, marks=pytest.mark.node if one.install.startswith("npm") else (), id=one.code) for one in SNIPPETS],
)
def test_what_is_copied_brings_its_event_here(troth_server: Any, snippet: Snippet) -> None:
    # Each library tells of a person of its own.
    person = f"person-{snippet.code}"
    text = snippet.written_for(troth_server.url, troth_server.workspace[KEYS[snippet.kind]]).replace('"42"', f'"{person}"')
    assert person in text
    done = subprocess.run(command_for(snippet, text), capture_output=True, text=True, timeout=60, cwd=HERE)
    assert done.returncode == 0, done.stderr

    def arrived() -> Any:
        shown = troth_server.cli("people", "show", str(troth_server.workspace["id"]), person, "--json")
        return shown.returncode == 0 and '"signed_up"' in shown.stdout

    assert troth_server.eventually(arrived)
