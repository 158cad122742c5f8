"""Pictures of every page of the console: both themes, a phone, a desk and a large screen. `make screenshots` runs it; anybody can run it again.

It makes an installation in a temporary directory, fills it with invented people, serves it with moving traffic, and takes each page that the URL conf
names. They go to screenshots/ or where TROTH_SCREENSHOTS says. `--readme` takes only the picture of the README, docs/images/console.png.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.server import free_port, wait_for  # noqa: E402 -- the folder above is made known first

CHROMIUM = os.environ.get("TROTH_TEST_CHROMIUM", "/usr/bin/chromium")
WIDTHS = (360, 1280, 1920)
THEMES = ("light", "dark")
PEOPLE, EVENTS = 12_000, 400_000
TALLEST = 6_000
"""Pixels: a page that loads itself on has no end."""
BROWSERS = 2
"""Side by side: to draw and to compress a page takes one core."""
FOR_STRANGERS = ("/console/account/login/", "/console/account/password/reset/")
"""Pages that only strangers see."""


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true", help="only docs/images/console.png: Home, 1280 by 800, light")
    parser.add_argument("--only", default="", metavar="TEXT", help="only pages whose path contains TEXT")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="troth-screenshots-") as folder, installation(Path(folder) / "data") as (url, told):
        paths = [path for path in find_paths(url, told) if options.only in path]
        if options.readme:
            with browsing() as browser:
                take_readme(browser, url, told)
        else:
            target = Path(os.environ.get("TROTH_SCREENSHOTS", ROOT / "screenshots"))
            target.mkdir(parents=True, exist_ok=True)
            wanted = list(name_pictures(dict.fromkeys([*paths, *FOR_STRANGERS])).items())
            with ThreadPoolExecutor(BROWSERS) as pool:
                for taken in [pool.submit(take_all, url, told, wanted[part::BROWSERS], target) for part in range(BROWSERS)]:
                    taken.result()
    return 0


@contextmanager
def browsing() -> Iterator[Any]:
    """A browser for the thread that asks."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        yield browser
        browser.close()


def name_pictures(paths: Iterable[str]) -> dict[str, str]:
    """For each path what its pictures are called: the path without ids, with a number where another page has that name."""
    names: dict[str, str] = {}
    for path in paths:
        short = re.sub(r"\d{6,}|[0-9a-f]{8}-[0-9a-f-]{27}", "id", path.removeprefix("/console/").strip("/"))
        name = re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-") or "home"
        same = sum(re.fullmatch(rf"{name}(-and-\d+)?", other) is not None for other in names.values())
        names[path] = f"{name}-and-{same}" if same else name
    return names


@contextmanager
def installation(data: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Its address and what the filling told: keys, example ids, sessions."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}
    settings = {**kept, "TROTH_DATA": str(data), "TROTH_URL": url, "TROTH_DEBUG": "0"}
    command = [sys.executable, "-m", "bench.console_data", str(data), "--people", str(PEOPLE), "--events", str(EVENTS)]
    made = subprocess.run(command, cwd=ROOT, env=settings, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(made.stdout.splitlines()[-1])
    server = subprocess.Popen(
        [sys.executable, "-m", "troth.project.cli", "serve", "--port", str(port)], env=settings, stderr=subprocess.DEVNULL
    )
    stop = threading.Event()
    os.environ.update(TROTH_DATA=str(data), TROTH_URL=url, DJANGO_SETTINGS_MODULE="troth.project.settings")
    try:
        wait_for(f"{url}/readyz")
        from troth.project.demo.http import Client
        from troth.project.demo.traffic import keep_traffic_going

        threading.Thread(target=keep_traffic_going, args=(Client(url, told["keys"]), stop, 200), daemon=True).start()
        yield url, told
    finally:
        stop.set()
        server.terminate()
        server.wait(30)


def find_paths(url: str, told: dict[str, Any]) -> Iterator[str]:
    """Every address that answers with a page, and the benchmark's searched and filtered ones."""
    import django

    django.setup()
    from bench.console import PAGES
    from bench.console_pages import list_pages, look

    host = url.removeprefix("http://")
    workspace = f"/console/{told['examples']['workspace_id']}/"
    asked = [workspace + path.format(**told["examples"]) for _, path in PAGES if "?" in path and ">" not in path]
    for path in dict.fromkeys([page.path for page in list_pages(told["examples"])] + asked):
        answer = look(host, path, told["sessions"]["owner"])
        if answer.kind == "page" and answer.status == 200:
            yield path
        elif answer.status >= 500:
            raise SystemExit(f"{path} answers {answer.status}: a page that cannot be shown cannot be looked at.")


def open_page(browser: Any, url: str, told: dict[str, Any], *, logged_in: bool = True) -> Any:
    """A page as the owner, who reads in Berlin."""
    context = browser.new_context(base_url=url, timezone_id="Europe/Berlin", locale="en-GB", reduced_motion="reduce", device_scale_factor=1)
    if logged_in:
        context.add_cookies([{"name": "sessionid", "value": told["sessions"]["owner"], "url": url}])
    return context.new_page()


def take_all(url: str, told: dict[str, Any], wanted: list[tuple[str, str]], target: Path) -> None:
    """Pages by path and name, in a browser of their own; a page that only strangers see is taken as a stranger."""
    with browsing() as browser:
        member, stranger = open_page(browser, url, told), open_page(browser, url, told, logged_in=False)
        member.goto(f"/console/{told['examples']['workspace_id']}/")  # sets the time zone's cookie
        for path, name in wanted:
            page = stranger if path in FOR_STRANGERS else member
            answer = page.goto(path)
            if answer is not None and answer.status == 200:
                settle(page, path)
                take(page, target, name)
                print(path, flush=True)


def take(page: Any, target: Path, name: str) -> None:
    """A page at each width in each theme."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800 if width < 1900 else 1080})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            tall = min(TALLEST, page.evaluate("() => document.documentElement.scrollHeight"))
            page.screenshot(
                path=target / f"{name}-{width}-{theme}.png", full_page=True, clip={"x": 0, "y": 0, "width": width, "height": tall}
            )


def take_readme(browser: Any, url: str, told: dict[str, Any]) -> None:
    """Home as it is first seen."""
    page = open_page(browser, url, told)
    page.set_viewport_size({"width": 1280, "height": 800})
    for _ in range(2):  # the first visit sets the time zone's cookie
        page.goto(f"/console/{told['examples']['workspace_id']}/")
    settle(page, "live")
    target = ROOT / "docs" / "images" / "console.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)
    print(target.relative_to(ROOT))


def settle(page: Any, path: str) -> None:
    """Until what the page loads by itself is there; where events arrive, until some have."""
    page.wait_for_function("() => !document.querySelector('.htmx-request')", timeout=5_000)
    if path.endswith("live"):
        time.sleep(4)


if __name__ == "__main__":
    sys.exit(main())
