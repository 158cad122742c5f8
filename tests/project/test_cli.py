"""The `troth` command as people and scripts meet it: in a process of its own."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from troth.project.cli import _help_of, find_commands, main


def troth(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}
    command = [sys.executable, "-m", "troth.project.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**kept, **environment}, timeout=60)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("troth: ")
    return lines[0]


def test_every_command_has_a_line_of_help() -> None:
    commands = find_commands()
    assert {"init", "serve", "doctor", "privacy_erase", "people_show", "workspace_create"} <= commands.keys()
    assert [name for name, module in commands.items() if not _help_of(module)] == []


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in find_commands() if f"troth {name.replace('_', ' ')} " not in shown] == []


def test_a_verb_alone_lists_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy"]) == 0
    shown = capsys.readouterr().out
    assert "troth privacy export" in shown
    assert "troth serve" not in shown


def test_an_unknown_command_names_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "vanish"]) == 2
    assert "privacy erase" in capsys.readouterr().err
    assert main(["vanish"]) == 2
    assert "troth --help" in capsys.readouterr().err


def test_the_data_directory_may_be_named_anywhere(tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    for words in (["--data", str(missing), "doctor"], ["doctor", "--data", str(missing)], ["doctor", f"--data={missing}"]):
        assert str(missing) in one_line(troth(*words))
    assert "needs a directory" in one_line(troth("doctor", "--data"))


def test_nothing_serves_before_init(tmp_path: Path) -> None:
    said = one_line(troth("--data", str(tmp_path), "serve"))
    assert "troth init" in said


def test_init_closes_the_directory_to_others_and_is_safe_to_repeat(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert troth("--data", str(data), "init").returncode == 0
    key = data / "keys" / "master.key"
    before = key.read_bytes()
    assert troth("--data", str(data), "init").returncode == 0
    assert key.read_bytes() == before
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "required" in one_line(troth("--data", str(data), "people", "show"))
    assert "Traceback" not in troth("--data", str(data), "people", "show", "Nobody", "dana@example.com").stderr


def test_a_database_url_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    assert troth("--data", str(tmp_path / "data"), "init").returncode == 0
    said = one_line(troth("--data", str(tmp_path / "data"), "doctor", TROTH_DATABASE_URL="mysql://root:secret@host/db"))
    assert "postgres://" in said
    assert "secret" not in said


def test_an_unexpected_fault_shows_neither_text_nor_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(words: list[str]) -> int:
        raise ZeroDivisionError("dana@example.com")

    monkeypatch.setattr("troth.project.cli._dispatch", fail)
    monkeypatch.delenv("TROTH_DEBUG", raising=False)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "dana" not in shown
    monkeypatch.setenv("TROTH_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])
