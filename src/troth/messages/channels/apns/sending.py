"""One notification to one device. The library is asynchronous: each channel has a loop in a thread of its own, and senders wait for their answer."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as TookTooLong
from typing import Any, TypeVar

from aioapns import APNs, NotificationRequest, PushType
from aioapns.common import NotificationResult
from aioapns.exceptions import ConnectionError as ApnsConnectionError
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from troth.messages.channels.port import Content, Outgoing, Receipt
from troth.messages.errors import ChannelError, ChannelUnknown

TIMEOUT_S = 30.0
CHECKED_FOR_S = 10.0
CONNECTIONS = 2
LONGEST_PAYLOAD = 4_096
GONE = frozenset({"Unregistered", "BadDeviceToken", "DeviceTokenNotForTopic", "ExpiredToken"})
NO_TOKEN = "0" * 64
"""Nobody's: asking Apple to reach it tries key and topic without reaching anybody."""
T = TypeVar("T")


class ApnsChannel:
    """Hands notifications to Apple for one app."""

    name = "apns"

    def __init__(self, key: str, key_id: str, team_id: str, topic: str, *, is_sandbox: bool, trust: ssl.SSLContext | None = None) -> None:
        try:
            loaded = load_pem_private_key(key.encode(), password=None)
        except (ValueError, TypeError):
            loaded = None
        if not isinstance(loaded, EllipticCurvePrivateKey):
            raise ChannelUnknown("The key is not one of Apple's: paste the whole .p8 file, from -----BEGIN to END-----.")
        self._given: dict[str, Any] = {
            "key": key,
            "key_id": key_id,
            "team_id": team_id,
            "topic": topic,
            "use_sandbox": is_sandbox,
            "ssl_context": trust,
        }
        self.address = f"{topic} ({'development' if is_sandbox else 'production'})"
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Any = None

    def check(self) -> str:
        """Ask to reach a device that is nobody's: Apple says so only to whom it knows."""
        answer = self._ask(NO_TOKEN, {"aps": {"alert": ""}}, "troth-check", CHECKED_FOR_S)
        if answer.description in GONE or answer.is_successful:
            return f"Apple knows the key and the app {self.address}."
        raise _refuse(answer)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over to one device. Sent again, Apple shows it once: it has the message's id as what collapses."""
        answer = self._ask(outgoing.recipient, _payload(outgoing), str(outgoing.message_id), TIMEOUT_S)
        if not answer.is_successful:
            raise _refuse(answer)
        return Receipt(provider_id=str(answer.notification_id)[:200], detail=str(answer.status))

    def _ask(self, token: str, payload: dict[str, Any], collapse: str, timeout_s: float) -> NotificationResult:
        request = NotificationRequest(device_token=token, message=payload, collapse_key=collapse, push_type=PushType.ALERT)
        try:
            return self._run(self._send(request), timeout_s)
        except TookTooLong:
            raise ChannelError(
                "Apple did not answer in time: the message may have been accepted.", permanent=False, doubtful=True
            ) from None
        except (OSError, ApnsConnectionError) as error:
            raise ChannelError(f"Apple cannot be reached ({type(error).__name__}): it is tried again.", permanent=False) from None

    async def _send(self, request: NotificationRequest) -> NotificationResult:
        if self._client is None:
            self._client = APNs(**self._given, max_connections=CONNECTIONS, max_connection_attempts=2, err_func=_ignore)
        answer: NotificationResult = await self._client.send_notification(request)
        return answer

    def _run(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="apns", daemon=True).start()
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result(timeout_s)
        except TookTooLong:
            waiting.cancel()
            raise


async def _ignore(request: NotificationRequest, answer: NotificationResult) -> None:
    """In place of the library's own log line."""


def _payload(outgoing: Outgoing) -> dict[str, Any]:
    content = outgoing.content or Content(body="")
    alert = {"title": content.title, "body": content.body} if content.title else {"body": content.body}
    aps: dict[str, Any] = {"alert": alert, "sound": "default"}
    if content.image:
        aps["mutable-content"] = 1
    extra = {"url": content.url, "image": content.image, "troth_message": str(outgoing.message_id)}
    return {**content.data, **{name: value for name, value in extra.items() if value}, "aps": aps}


def _refuse(answer: NotificationResult) -> ChannelError:
    code, word = str(answer.status), str(answer.description or "")
    if code == "410" or word in GONE:
        return ChannelError("The app is not on that device any more, or the token is another app's.", permanent=True, gone=True)
    if code == "403":
        return ChannelError(f"Apple refuses the key ({word}): check key, key id, team id and environment.", permanent=False)
    if code in ("429", "500", "503"):
        return ChannelError(f"Apple does not take messages now ({code}): it is tried again.", permanent=False)
    return ChannelError(f"Apple refused the message ({code} {word}).", permanent=True)
