"""What tests share: a data directory of their own, a database on a real file through the real backend, and a real served installation."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest


def _work_in_memory() -> None:
    """Have what tests write lie in memory where there is plenty of it: the same is written, only nobody waits for a disk, and no test outlives a
    failure of power. A TMPDIR that was chosen stays; so do the processes of a run with what the first of them chose."""
    memory = Path("/dev/shm")
    roomy = 6 * 1024**3
    if "TMPDIR" in os.environ or not memory.is_dir() or not os.access(memory, os.W_OK) or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return
    if min(shutil.disk_usage(memory).free, psutil.virtual_memory().available) < roomy:
        return
    for left in memory.glob("troth-tests-*"):
        _remove_if_left_behind(left)
    folder = Path(tempfile.mkdtemp(prefix="troth-tests-", dir=memory))
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)  # held until this process ends
    folder.chmod(0o755)  # servers of tests run as users of their own; what lies in it is closed by itself
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def _remove_if_left_behind(folder: Path) -> None:
    """What a run that was killed could not remove, an hour after it began."""
    with contextlib.suppress(OSError):
        if folder.stat().st_uid != os.getuid() or time.time() - folder.stat().st_mtime < 3600:
            return
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while the run goes on
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


_work_in_memory()
_data = Path(tempfile.mkdtemp(prefix="troth-tests-"))
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["TROTH_DATA"] = str(_data)
os.environ.pop("TROTH_DATABASE_URL", None)
if os.environ.get("TROTH_TEST_DATABASE") == "postgresql":
    # The same tests on a real PostgreSQL: `make test-postgresql`. Each test process has a cluster of its own.
    from tests.postgresql import start_postgresql

    os.environ["TROTH_DATABASE_URL"] = start_postgresql()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")

from troth.kernel.crypto import create_master_key  # noqa: E402 -- the data directory has to be chosen first

create_master_key(_data)

from django.conf import settings  # noqa: E402 -- it is read here, when the key exists, and pytest-django finds it read

assert _data.resolve() == settings.TROTH_DATA
# Workers of pytest-xdist inherit the environment; each must choose its own data directory before Django's settings are read.
del os.environ["DJANGO_SETTINGS_MODULE"]


# How long an example takes says how busy the machine is, and nothing about the product.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")


def eventually(check: Any, seconds: float = 60) -> Any:
    """The first true value of `check()` within a deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """The test database; see tests/rows.py for how it is emptied."""
    from tests.rows import empty_quickly

    empty_quickly()


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    """Each client of Django's test tools starts the middleware anew, and to find all static files takes longer than most requests do."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    found: dict[str, Any] = {}
    find = WhiteNoiseMiddleware.add_files_from_finders

    def find_once(self: Any) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files = found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _passwords_cost_little() -> Iterator[None]:
    """The same hash with little work, in the test process alone: what is served in tests hashes at full cost, as everywhere."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    with pytest.MonkeyPatch.context() as patch:
        for name, least in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, least)
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """On PostgreSQL the whole cluster is thrown away, so that open pools need not let go of the test database."""
    return "TROTH_DATABASE_URL" in os.environ


@pytest.fixture
def data_dir() -> Path:
    """The data directory of this test process."""
    return _data


@pytest.fixture
def no_earlier_erasures() -> None:
    """Each test has its own ledger, backups and exports, as each has its own database content."""
    for name in ("ledger", "backups", "keyring", "exports"):
        shutil.rmtree(_data / name, ignore_errors=True)


@pytest.fixture
def workspace(transactional_db: None, no_earlier_erasures: None) -> Any:
    """A workspace with its default purposes, in a database whose transactions really commit."""
    from troth.consent.catalog import forget_catalogs
    from troth.messages.configured import forget_routes
    from troth.messages.controls import forget_controls
    from troth.messages.domains import forget_stamps
    from troth.webhooks.listening import forget_listeners
    from troth.workspaces import registry

    forget_catalogs()
    forget_controls()
    forget_routes()
    forget_stamps()
    forget_listeners()
    registry._matching.clear()
    return registry.create_workspace("Test workspace").workspace


@dataclass
class Served:
    """A real installation on a fresh data directory, driven through the doors people use."""

    data: Path
    port: int
    workspace: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    log: Path = Path()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cli(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run `troth …` against the data directory."""
        command = [sys.executable, "-m", "troth.project.cli", "--data", str(self.data), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=self._environ(), check=False)

    def json(self, *words: str) -> Any:
        """Run a command that must succeed, with --json."""
        done = self.cli(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self) -> None:
        command = [sys.executable, "-m", "troth.project.cli", "--data", str(self.data), "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environ(), stdout=log, stderr=log)
        self.wait_ready()

    def wait_ready(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            assert self.process is None or self.process.poll() is None, f"the server ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"the server is not ready:\n{self.log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def children(self) -> list[Any]:
        """The processes of the server by role, as psutil sees them."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> tuple[int, bytes]:
        """One request; the answer's status and body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=raw, method=method, headers={"Content-Type": "application/json", **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def eventually(self, check: Any, seconds: float = 60) -> Any:
        """The first true value of `check()` within a deadline."""
        return eventually(check, seconds)

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}
        return {**kept, "TROTH_DATA": str(self.data), "TROTH_URL": self.url, **self.environment}


def make_served(folder: Path, **environment: str) -> Served:
    """Initialise an installation with one workspace; not started yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = Served(data=folder / "data", port=port, environment=environment, log=folder / "server.log")
    if "TROTH_DATABASE_URL" in environment:
        served.workspace = _initialise(served)
    else:
        made = _made_once()
        shutil.copytree(made.data, served.data)
        served.workspace = made.workspace
    return served


@cache
def _made_once() -> Served:
    """An installation that each test gets a copy of: to make one takes longer than most tests."""
    made = Served(data=_data.parent / f"{_data.name}-made" / "data", port=0)
    atexit.register(shutil.rmtree, made.data.parent, ignore_errors=True)
    made.workspace = _initialise(made)
    return made


def _initialise(served: Served) -> Any:
    done = served.cli("init")
    assert done.returncode == 0, done.stderr
    return served.json("workspace", "create", "Acme", "--owner", "alice@example.com", "--password", "correct horse battery")


@pytest.fixture(scope="module")
def troth_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served installation, shared by the tests of a module; it must stop cleanly."""
    served = make_served(tmp_path_factory.mktemp("served"))
    served.start()
    yield served
    assert served.stop() == 0


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Served]:
    """A served installation of one's own, for tests that kill or restart it."""
    served = make_served(tmp_path)
    served.start()
    yield served
    if served.process and served.process.poll() is None:
        served.stop()


LONGEST = (
    "browser/test_console_everywhere.py",
    "api/test_schema.py",
    "api/test_schema_of_things.py",
    "api/test_access.py",
    "browser/",
    "wire/",
    "consent/test_all_doors.py",
    "acceptance/",
    "project/",
)
"""What takes longest, longest first: begun last, one test process would be busy with it while the other has nothing left to do."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; files are shared out to test processes in the order of their tests."""

    def place(item: pytest.Item) -> int:
        path = item.nodeid.removeprefix("tests/")
        return next((number for number, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: looking through it for what can go again and again takes a while."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(config: Any, val: Any, argname: str) -> str | None:
    """Name a test with binary data by its length: compressed data can hold the time, and all test processes must agree on the names."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return f"{argname} of {len(val)} bytes"
    return None


MAILING = ("confirmation-mail", "my-data-mail", "mail-to-member", "return-mailboxes")
"""Threads that work beside a request or a duty."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """What goes on beside a test is over with it, and one that leaves settings changed fails, not one that happens to come after it."""
    for thread in threading.enumerate():
        if thread.name in MAILING:
            thread.join(30)
    (yield)
    assert settings.SETTINGS_MODULE, (
        "the settings are not as they were: change them by the fixture `settings` alone, never through monkeypatch"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: Any) -> Iterator[None]:
    return _fail_if_skipped((yield))


def _fail_if_skipped(report: Any) -> Any:
    """Where nothing may be skipped (`.ci/run`), a skip is a failure."""
    if os.environ.get("TROTH_TEST_NOTHING_SKIPPED") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped although nothing may be: {reason}"
    return report
