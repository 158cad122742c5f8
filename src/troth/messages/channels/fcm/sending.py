"""One message to one token, as HTTP v1 wants it. Google's answers name the fault by a word, which says what to do."""

from __future__ import annotations

import json
import threading
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from troth.messages.channels.outside import TIMEOUT_S, check_url, make_session, translate_failure
from troth.messages.channels.port import Content, Outgoing, Receipt
from troth.messages.errors import ChannelError, ChannelUnknown

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GONE = frozenset({"UNREGISTERED"})
"""The app was removed, or the token renewed."""
WHOM = "Firebase"


class FcmChannel:
    """Hands messages to the project of one service account."""

    name = "fcm"

    def __init__(self, service_account: str, api_url: str) -> None:
        try:
            account = json.loads(service_account)
            self._credentials: Any = Credentials.from_service_account_info(account, scopes=[SCOPE])  # type: ignore[no-untyped-call]  # not typed there
            project = str(account["project_id"])
            check_url(account["token_uri"], "The token_uri of the key")
        except (ValueError, KeyError, TypeError, AttributeError, GoogleAuthError):
            raise ChannelUnknown("The key is not that of a service account: paste the whole JSON file from the Firebase console.") from None
        self._url = f"{check_url(api_url, 'The address of the API').rstrip('/')}/v1/projects/{project}/messages:send"
        self.address = f"project {project}"
        self._lock = threading.Lock()
        self._kept = threading.local()

    def check(self) -> str:
        """Get an access token: that proves the key."""
        with self._lock:
            self._renew()
        return f"Google gave access to {self.address}."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over to one token; an access token that Google does not take any more is renewed once."""
        body = {"message": _message(outgoing)}
        response = self._post(body)
        if response.status_code == 401:
            with self._lock:
                self._renew()
            response = self._post(body)
        if response.status_code == 200:
            return Receipt(provider_id=str(_read(response).get("name", ""))[:200], detail="200")
        raise _refuse(response)

    def _post(self, body: dict[str, Any]) -> requests.Response:
        with self._lock:
            if not self._credentials.valid:
                self._renew()
            token = self._credentials.token
        session = getattr(self._kept, "session", None)
        if session is None:
            session = self._kept.session = make_session()
        try:
            answer: requests.Response = session.post(
                self._url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            raise translate_failure(error, WHOM) from None
        return answer

    def _renew(self) -> None:
        try:
            self._credentials.refresh(Request(make_session()))
        except GoogleAuthError as error:
            raise ChannelError(
                f"Google gave no access ({type(error).__name__}): check that the service account exists and may send messages.",
                permanent=False,
            ) from None


def _message(outgoing: Outgoing) -> dict[str, Any]:
    content = outgoing.content or Content(body="")
    notification = {"title": content.title, "body": content.body, "image": content.image}
    data = {**content.data, "url": content.url, "troth_message": str(outgoing.message_id)}
    message: dict[str, Any] = {
        "token": outgoing.recipient,
        "notification": {name: value for name, value in notification.items() if value},
        "data": {name: value for name, value in data.items() if value},
    }
    if content.url:
        message["webpush"] = {"fcm_options": {"link": content.url}}
    return message


def _read(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refuse(response: requests.Response) -> ChannelError:
    code, fault = response.status_code, _read(response).get("error")
    details = fault.get("details", []) if isinstance(fault, dict) else []
    words = {str(detail.get("errorCode")) for detail in details if isinstance(detail, dict)} | {
        str(fault.get("status")) if isinstance(fault, dict) else ""
    }
    if words & GONE or code == 404:
        return ChannelError("The app is not on that device any more.", permanent=True, gone=True)
    if code == 500:
        return ChannelError("Firebase failed (500): the message may have been accepted.", permanent=False, doubtful=True)
    if code in (401, 429) or code > 500 or (code == 403 and "SENDER_ID_MISMATCH" not in words):
        return ChannelError(f"Firebase does not take messages now ({code}): check the service account and its limits.", permanent=False)
    return ChannelError(f"Firebase refused the message ({code}): check the content, and that the token is this project's.", permanent=True)
