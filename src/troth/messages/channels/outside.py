"""HTTP to addresses that members, providers or browsers named: only to public ones, or somebody could have us call what only we can reach (SSRF).

What a connection really leads to is looked at once it stands and before a byte is sent, so that no name can lead elsewhere a moment later.
The operator names private hosts that channels may reach in `TROTH_PRIVATE_TARGETS`.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from troth.kernel.clock import HOUR, SECOND
from troth.messages.errors import ChannelError, ChannelUnknown

TIMEOUT_S = 30.0
CHECKED_FOR_S = 10.0
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


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        check_peer(sock)
        return sock


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        check_peer(sock)
        return sock


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Outside(HTTPAdapter):
    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self.trust = trust
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self.trust:
            kwargs["ssl_context"] = self.trust
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def make_session(trust: ssl.SSLContext | None = None) -> requests.Session:
    """A session for the outside: kept connections, no proxies of the environment, no way inside. `trust` has further certificate authorities."""
    session = requests.Session()
    session.trust_env = False
    guard(session, trust)
    return session


def guard(session: requests.Session, trust: ssl.SSLContext | None = None) -> None:
    """Have a session that somebody else made keep to the outside."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Outside(trust))


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
