"""HTTP to addresses that members, providers or browsers named: only to public ones, or somebody could have us call what only we can reach (SSRF).

What a connection really leads to is looked at once it stands and before a byte is sent, so that no name can lead elsewhere a moment later.
And an answer has a time in which it is whole, so that nobody holds a thread of ours for hours by sending a byte now and then.
The operator names private hosts that channels may reach in `TROTH_PRIVATE_TARGETS`.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError

from troth.kernel.clock import HOUR, SECOND
from troth.messages.errors import ChannelError, ChannelUnknown

TIMEOUT_S = 30.0
CHECKED_FOR_S = 10.0
WHOLE_WITHIN_S = 30.0
"""From when a request is sent, however many pieces its answer comes in; the timeout of a request is for each piece."""
_PRIVATE = "That address is inside this network, where channels may not reach: use a public one, or name it in TROTH_PRIVATE_TARGETS."


class PrivateTarget(OSError):
    """The address leads inside."""


def check_peer(sock: Any) -> None:
    """Look where a connection leads. Raises PrivateTarget, with the connection closed."""
    if not _may_reach(sock.getpeername()[0]):
        sock.close()
        raise PrivateTarget


def _may_reach(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    if mapped.is_global and not mapped.is_multicast:
        return True
    return any(mapped in network for network in _allowed() if network.version == mapped.version)


def _allowed() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """What the operator permits: addresses, networks, or names as they resolve now."""
    found: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for named in settings.TROTH_PRIVATE_TARGETS:
        try:
            found.append(ipaddress.ip_network(named, strict=False))
        except ValueError:
            try:
                found += [ipaddress.ip_network(info[4][0]) for info in socket.getaddrinfo(named, None)]
            except OSError:
                continue
    return found


class _Pieces(io.RawIOBase):
    """What comes over a connection, until the answer's time is over."""

    def __init__(self, sock: Any, within_s: float) -> None:
        self._sock, self._coming = sock, sock.makefile("rb", buffering=0)
        self._until = time.monotonic() + within_s

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int | None:
        left, patience = self._until - time.monotonic(), self._sock.gettimeout()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left if patience is None else min(left, patience))
        try:
            read: int | None = self._coming.readinto(room)
        finally:
            self._sock.settimeout(patience)
        return read

    def close(self) -> None:
        self._coming.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, whole_within_s: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Pieces(sock, whole_within_s))


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, whole_within_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_class = partial(_Answer, whole_within_s=whole_within_s)  # type: ignore[assignment]  # it is only called

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        check_peer(sock)
        return sock


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Outside(HTTPAdapter):
    def __init__(self, trust: ssl.SSLContext | None, whole_within_s: float) -> None:
        self.trust, self.whole_within_s = trust, whole_within_s
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self.trust:
            kwargs["ssl_context"] = self.trust
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": _Pool, "https": _SecurePool}
        self.poolmanager.pool_classes_by_scheme = {name: partial(pool, whole_within_s=self.whole_within_s) for name, pool in pools.items()}


def make_session(trust: ssl.SSLContext | None = None, whole_within_s: float = WHOLE_WITHIN_S) -> requests.Session:
    """A session for the outside: kept connections, no proxies of the environment, no way inside.

    `trust` has further certificate authorities; an answer is whole within `whole_within_s`, or fails as one that timed out.
    """
    session = requests.Session()
    session.trust_env = False
    guard(session, trust, whole_within_s)
    return session


def guard(session: requests.Session, trust: ssl.SSLContext | None = None, whole_within_s: float = WHOLE_WITHIN_S) -> None:
    """Have a session that somebody else made keep to the outside."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Outside(trust, whole_within_s))


def read_most(response: requests.Response, most: int, *, unpack: bool = False) -> bytes:
    """The first bytes of an answer that was asked for with `stream=True`; what follows is left. Raises requests.RequestException."""
    try:
        return bytes(response.raw.read(most, decode_content=unpack) or b"")
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except HTTPError as error:
        raise requests.ConnectionError(error) from error


def check_url(url: str, what: str) -> str:
    """A web address that can be called. Raises ChannelUnknown, without repeating it: it may hold a secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or not url.isascii() or any(character.isspace() for character in url):
        raise ChannelUnknown(f"{what} is a web address such as https://example.com/path: correct it.")
    return url


def is_private_target(error: requests.RequestException) -> bool:
    """Whether a request failed because its address leads inside."""
    return isinstance(error.__context__, PrivateTarget) or "PrivateTarget" in repr(error)


def name_trouble(error: requests.RequestException) -> str:
    """Why an address could not be reached, in a word that is kept: it names no address."""
    if is_private_target(error):
        return "private_address"
    if isinstance(error, requests.Timeout):
        return "timed_out"
    if isinstance(error, requests.exceptions.SSLError):
        return "certificate"
    return "unreachable" if isinstance(error, requests.ConnectionError) else "broken"


def asked_pause(response: requests.Response) -> int:
    """How long an answer asks us to wait (Retry-After, in seconds; RFC 9110, section 10.2.3), in milliseconds and at most six hours; 0: it does not say."""
    said = response.headers.get("Retry-After", "")
    return min(int(said) * SECOND, 6 * HOUR) if said.isascii() and said.isdigit() and len(said) < 6 else 0


def translate_failure(error: requests.RequestException, whom: str, *, repeatable: bool = False) -> ChannelError:
    """What a failed request means. `repeatable`: doing it twice does no harm, so that nothing is in doubt."""
    if is_private_target(error):
        return ChannelError(_PRIVATE, permanent=False)
    before = isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
    if before or repeatable:
        return ChannelError(f"{whom} cannot be reached ({type(error).__name__}): it is tried again.", permanent=False)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return ChannelError(f"The address of {whom} cannot be called: correct it.", permanent=False)
    return ChannelError(f"The connection to {whom} broke: the message may have been accepted.", permanent=False, doubtful=True)


def reach(url: str, whom: str) -> str:
    """Whether something answers at an address, whatever it answers. Raises ChannelError."""
    try:
        with make_session() as session:
            status = session.head(url, timeout=CHECKED_FOR_S, allow_redirects=False).status_code
    except requests.RequestException as error:
        raise translate_failure(error, whom, repeatable=True) from None
    return f"{whom} answers ({status})."
