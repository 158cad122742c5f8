"""One text message as JSON; the message's id goes along, so that the other side can tell a repetition."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from troth.messages.channels.outside import TIMEOUT_S, check_url, make_session, reach, translate_failure
from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.errors import ChannelError

WHOM = "The SMS provider"


class HttpSmsChannel:
    """Hands text messages to one address."""

    name = "http_sms"

    def __init__(self, url: str, authorization: str, sender: str) -> None:
        self._url = check_url(url, "The address")
        self._headers = {"Authorization": authorization} if authorization else {}
        self._sender = sender
        self.address = urlsplit(url).hostname or ""

    def check(self) -> str:
        """Whether something answers there."""
        return reach(self._url, WHOM)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over. 2xx is taken, 408, 429 and 503 are temporary, other 5xx are in doubt, the rest is permanent."""
        told = {
            "to": outgoing.recipient,
            "from": self._sender,
            "text": outgoing.content.body if outgoing.content else "",
            "id": str(outgoing.message_id),
        }
        try:
            with make_session() as session:
                response = session.post(self._url, json=told, headers=self._headers, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            raise translate_failure(error, WHOM) from None
        code = response.status_code
        if 200 <= code < 300:
            return Receipt(provider_id=_id_in(response), detail=str(code))
        if code in (401, 403, 408, 429, 503) or 300 <= code < 400:
            raise ChannelError(f"{WHOM} does not take messages now ({code}): check address and authorization.", permanent=False)
        if code >= 500:
            raise ChannelError(f"{WHOM} failed ({code}): the message may have been accepted.", permanent=False, doubtful=True)
        raise ChannelError(f"{WHOM} refused the message ({code}).", permanent=True)


def _id_in(response: requests.Response) -> str:
    try:
        said = response.json()
    except ValueError:
        return ""
    found = (said.get("id") or said.get("message_id") or "") if isinstance(said, dict) else ""
    return str(found)[:200]
