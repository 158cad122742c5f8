"""One text message. Twilio names faults by numbers of its own; few of them are the number's."""

from __future__ import annotations

import threading
from typing import Any

import requests

from troth.messages.channels.outside import CHECKED_FOR_S, TIMEOUT_S, check_url, make_session, translate_failure
from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.errors import ChannelError

NO_SUCH_NUMBER = frozenset({21211, 21214, 21217, 21614})
"""Not a number, or not one that can get text messages."""
SAID_STOP = 21610
WHOM = "Twilio"


class TwilioChannel:
    """Hands text messages to one account."""

    name = "twilio"

    def __init__(self, account_sid: str, auth_token: str, sender: str, api_url: str) -> None:
        self._account = f"{check_url(api_url, 'The address of the API').rstrip('/')}/2010-04-01/Accounts/{account_sid}"
        self._login = (account_sid, auth_token)
        self._sender = {"MessagingServiceSid": sender} if sender.startswith("MG") else {"From": sender}
        self._kept = threading.local()
        self.address = f"account {account_sid}"

    def check(self) -> str:
        """Read the account: that proves the token."""
        response = self._ask("GET", f"{self._account}.json", CHECKED_FOR_S, {})
        if response.status_code != 200:
            raise ChannelError(f"Twilio refuses the account ({response.status_code}): check account SID and auth token.", permanent=False)
        return f"Twilio knows {self.address}."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over; the address for what becomes of it goes along."""
        form = {**self._sender, "To": outgoing.recipient, "Body": outgoing.content.body if outgoing.content else ""}
        if outgoing.callback_url.startswith("https://"):
            form["StatusCallback"] = outgoing.callback_url
        response = self._ask("POST", f"{self._account}/Messages.json", TIMEOUT_S, form)
        said = _read(response)
        if response.status_code in (200, 201):
            return Receipt(provider_id=str(said.get("sid", ""))[:200], detail=str(said.get("status", "")))
        raise _refuse(response.status_code, said.get("code"))

    def _ask(self, method: str, url: str, timeout_s: float, form: dict[str, str]) -> requests.Response:
        session = getattr(self._kept, "session", None)
        if session is None:
            session = self._kept.session = make_session()
        try:
            answer: requests.Response = session.request(
                method, url, data=form or None, auth=self._login, timeout=timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise translate_failure(error, WHOM, repeatable=method == "GET") from None
        return answer


def _read(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refuse(code: int, fault: Any) -> ChannelError:
    if fault in NO_SUCH_NUMBER:
        return ChannelError(f"Twilio says there is no such number for text messages ({fault}).", permanent=True, gone=True)
    if fault == SAID_STOP:
        return ChannelError("The person told Twilio to stop: it does not take messages to them.", permanent=True)
    if code == 500:
        return ChannelError("Twilio failed (500): the message may have been accepted.", permanent=False, doubtful=True)
    if code in (401, 403, 429) or code > 500:
        return ChannelError(f"Twilio does not take messages now ({code}): check account, balance and limits.", permanent=False)
    return ChannelError(f"Twilio refused the message ({code}, its number {fault}).", permanent=True)
