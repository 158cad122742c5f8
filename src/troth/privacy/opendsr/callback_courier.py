"""Telling controllers: each callback is signed when it goes, and posted from a thread; the worker's duty waits for no address.

Only https, to the outside, with a certificate that holds, following nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
import structlog

from troth.kernel.errands import UnderWay
from troth.messages.channels.outside import asked_pause, name_trouble, read_most
from troth.privacy.models.opendsr import OpendsrCallback
from troth.privacy.opendsr.bodies import headers_for, write
from troth.privacy.opendsr.callback_queue import give_back, settle, take_due
from troth.privacy.opendsr.following import show_callback
from troth.privacy.opendsr.own_certificate import CertificateMissing, load_own, own_domain
from troth.privacy.opendsr.signatures import sign
from troth.privacy.opendsr.trust import RootsUnusable, open_session

log = structlog.get_logger()
THREADS = 8
CONNECT_S, ANSWER_S = 5.0, 15.0
LONGEST_S = 40.0
"""What takes longer counts as failed, although its thread may still wait."""
READ_MOST = 16_384
_own = threading.local()


class Told(NamedTuple):
    """What came back: a code, or why none; and how long it asks us to wait, in milliseconds."""

    http: int
    trouble: str = ""
    wait: int = 0


class Courier:
    """What one process has under way."""

    def __init__(self) -> None:
        self._under_way: UnderWay[OpendsrCallback, Told] = UnderWay("opendsr", THREADS, LONGEST_S, Told(0, "timed_out"))

    def tell_due(self, now: int) -> bool:
        """Write down what is done, and send what is due; True when something was done."""
        done = self._settle_done(now)
        if room := self._under_way.room:
            self._send(take_due(now, room), now)
        return done

    def wait(self, seconds: float) -> None:
        """Wait until all that is under way is answered, or a while: for whoever must see the effects."""
        self._under_way.wait(seconds)

    def _settle_done(self, now: int) -> bool:
        done = False
        for callback, told in self._under_way.take_done():
            settle(callback, told.http, told.trouble, now, told.wait)
            done = True
        return done

    def _send(self, callbacks: list[OpendsrCallback], now: int) -> None:
        if not callbacks:
            return
        try:
            load_own()
        except CertificateMissing as error:
            log.error("opendsr_callbacks_wait", callbacks=len(callbacks), error=type(error).__name__)
            give_back(callbacks, now)
            return
        for callback in callbacks:
            body = write(show_callback(callback.request, callback, now))
            headers = {"Content-Type": "application/json", "User-Agent": "Troth"}
            headers |= headers_for(callback.request.version, own_domain(), sign(body))
            self._under_way.begin(callback, partial(_post, callback.url, headers, body))


def _post(url: str, headers: Mapping[str, str], body: bytes) -> Told:
    """Post and say what came of it; never raises. Runs in a thread and touches no database."""
    try:
        with _session().post(url, data=body, headers=headers, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, stream=True) as answer:
            read_most(answer, READ_MOST)
            code = answer.status_code
            return Told(code, "" if 200 <= code < 300 else "redirected" if 300 <= code < 400 else "refused", asked_pause(answer))
    except requests.RequestException as error:
        return Told(0, name_trouble(error))
    except RootsUnusable:
        return Told(0, "roots_unusable")
    except Exception as error:  # noqa: BLE001 -- whatever an address answers, the callback is settled and the others go on
        log.warning("opendsr_callback_failed", error=type(error).__name__)
        return Told(0, "broken")


def _session() -> requests.Session:
    session: requests.Session | None = getattr(_own, "session", None)
    if session is None:
        session = _own.session = open_session()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


courier = Courier()
"""Of this process."""


def tell_due(now: int) -> bool:
    """The worker's duty: have this process's courier begin what is due, and note what came back. `now` in milliseconds."""
    return courier.tell_due(now)
