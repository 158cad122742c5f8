"""One signed POST, to the outside only, following nothing. Runs in a thread and touches no database."""

from __future__ import annotations

import threading
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
import structlog

from troth.kernel.clock import now_ms
from troth.messages.channels.outside import asked_pause, make_session, name_trouble, read_most
from troth.webhooks.signing import headers_of

log = structlog.get_logger()
CONNECT_S, ANSWER_S = 5.0, 15.0
READ_MOST = 16_384
"""Bytes of an answer that are read, so that the connection can be kept; what it says does not matter."""
GONE = 410
_own = threading.local()


class Posting(NamedTuple):
    """What goes where."""

    url: str
    secrets: tuple[str, ...]
    name: str
    person_id: int
    body: bytes


class Answer(NamedTuple):
    """What came back: an HTTP code, or why none."""

    status: int
    trouble: str = ""
    wait: int = 0
    """How long it asks us to wait, in milliseconds."""

    @property
    def is_taken(self) -> bool:
        """Whether the other side has it."""
        return 200 <= self.status < 300


def post(posting: Posting) -> Answer:
    """Post and say what came of it; never raises."""
    at = now_ms() // 1_000
    headers = headers_of(posting.secrets, posting.name, at, posting.body)
    if posting.person_id:
        headers["troth-person-id"] = str(posting.person_id)
    try:
        with _session().post(
            posting.url, data=posting.body, headers=headers, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, stream=True
        ) as response:
            read_most(response, READ_MOST)
            return _answer(response)
    except requests.RequestException as error:
        return Answer(0, name_trouble(error))
    except Exception as error:  # noqa: BLE001 -- whatever an address answers, the delivery is settled and the others go on
        log.warning("webhook_failed", error=type(error).__name__)
        return Answer(0, "broken")


def _session() -> requests.Session:
    session: requests.Session | None = getattr(_own, "session", None)
    if session is None:
        session = _own.session = make_session()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _answer(response: requests.Response) -> Answer:
    status = response.status_code
    if 200 <= status < 300:
        return Answer(status)
    if status == GONE:
        return Answer(status, "gone")
    if 300 <= status < 400:
        return Answer(status, "redirected")
    return Answer(status, "refused", asked_pause(response))
