"""Every page of the console, found in the URL conf, with example ids from a filled workspace: for measuring, for screenshots and for tests."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
SECONDS = 10.0


@dataclass(frozen=True)
class Page:
    """An address of the console. `permission` and `audit` are those of its guard; both empty outside workspaces."""

    name: str
    path: str
    permission: str
    audit: str
    view: Any = None

    @property
    def is_guarded(self) -> bool:
        """Whether it lies in a workspace, behind `member_page`."""
        return bool(self.permission)


@dataclass(frozen=True)
class Answer:
    """What a GET answered. `kind`: `page`, `frame` (of another page, somebody else's HTML), `fragment`, `stream`, `file` or `nothing`."""

    status: int
    kind: str
    location: str
    body: str


def list_routes() -> Iterator[tuple[str, str, Any]]:
    """Name, route and view of every address below /console/ that is written as a path; log-in's own regular expressions are left out."""
    from django.urls import get_resolver

    yield from _walk(get_resolver(), "")


def _walk(resolver: Any, before: str) -> Iterator[tuple[str, str, Any]]:
    for pattern in resolver.url_patterns:
        route = getattr(pattern.pattern, "_route", None)
        if route is None:
            continue
        whole = before + route
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern, whole)
        elif whole.startswith("console/"):
            yield pattern.name or whole, whole, pattern.callback


def list_pages(examples: Mapping[str, Any]) -> list[Page]:
    """Every address that the examples can fill; raises LookupError naming a parameter in a workspace that they lack."""
    pages = []
    for name, route, view in list_routes():
        wanted = PARAMETER.findall(route)
        permission = str(getattr(view, "permission", ""))
        missing = [one for one in wanted if one not in examples]
        if missing and permission:
            raise LookupError(f"{route}: bench.console_examples.find_examples has no {', '.join(missing)}.")
        if not missing:
            path = PARAMETER.sub(lambda found: str(examples[found[1]]), route)
            pages.append(Page(name, f"/{path}", permission, str(getattr(view, "audit", "")), view))
    return pages


def look(host: str, path: str, session: str = "", *, whole: bool = True) -> Answer:
    """GET a page, as the member of a session. Of a stream or a file only the head is read; with `whole` false, of everything."""
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}", "Accept": "text/html,*/*"})
        answer = connection.getresponse()
        said = answer.headers.get("Content-Type", "")
        kind = "stream" if "event-stream" in said else "file" if "attachment" in answer.headers.get("Content-Disposition", "") else ""
        body = answer.read().decode(errors="replace") if whole and not kind and "text/html" in said else ""
        if answer.headers.get("Content-Security-Policy", "").startswith("sandbox"):
            kind = "frame"
        if not kind:
            kind = "page" if "<html" in body[:400] else "fragment" if "text/html" in said else "file" if said else "nothing"
        return Answer(answer.status, kind, answer.headers.get("Location", ""), body)
    finally:
        connection.close()
