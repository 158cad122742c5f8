"""One mail, as it is, over SendEmail of the SES API, version 2, signed by our own hand (decision 011).

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from troth.kernel.amazon_signing import sign
from troth.kernel.clock import now_ms
from troth.kernel.json_text import encode
from troth.messages.channels.amazon import TAG, domain_of, read_place
from troth.messages.channels.outside import CHECKED_FOR_S, TIMEOUT_S, check_url, make_session, translate_failure
from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.errors import ChannelDown, ChannelError

WHOM = "Amazon SES"
TOO_FAST = frozenset({"TooManyRequestsException", "ThrottlingException", "LimitExceededException"})
"""The sending rate, the day's quota or a limit of the account is reached."""
NOT_NOW = {
    "SendingPausedException": "sending is paused for the account or the configuration set",
    "AccountSuspendedException": "the account may not send any more",
    "MailFromDomainNotVerifiedException": "the MAIL FROM domain is not verified",
    "NotFoundException": "there is no such configuration set",
}
"""Refusals that are not the mail's fault, and what they mean."""
NOT_VERIFIED = "not verified"
"""A mail is also refused where the sender, or in the sandbox the recipient, is not verified; only the words tell that from a virus."""
IN_DOUBT = frozenset({500, 502, 504})
"""Answers after which it may have been accepted."""


class AmazonApiChannel:
    """Hands mails to one account in one region, over one kept HTTP session per thread."""

    name = "amazon_ses_api"

    def __init__(self, url: str, region: str, access_key: str, secret_key: str, configuration_set: str) -> None:
        self._url = check_url(url, "The address of the API").rstrip("/")
        self._region, self._access_key, self._secret_key = region, access_key, secret_key
        self._configuration_set = configuration_set
        self._kept = threading.local()
        self.address = urlsplit(self._url).netloc

    def check(self) -> str:
        """Read what the account may send: that proves the keys."""
        answer = self._ask("GET", "/v2/email/account", CHECKED_FOR_S)
        if answer.status_code != 200:
            raise _refuse(answer)
        told = _read(answer)
        if not told.get("SendingEnabled", True):
            raise ChannelDown("Amazon SES knows the account, but sending is switched off there.")
        quota, sandbox = told.get("SendQuota") or {}, "" if told.get("ProductionAccessEnabled", True) else ", in the sandbox"
        return f"Amazon SES takes mail at {self.address}: {quota.get('MaxSendRate', '?')} a second, {quota.get('Max24HourSend', '?')} a day{sandbox}."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one mail over, as it is. Raises ChannelError."""
        asked: dict[str, Any] = {
            "Destination": {"ToAddresses": [outgoing.recipient]},
            "Content": {"Raw": {"Data": base64.b64encode(outgoing.mail).decode()}},
            "EmailTags": [{"Name": TAG, "Value": str(outgoing.message_id)}],
        }
        if self._configuration_set:
            asked["ConfigurationSetName"] = self._configuration_set
        answer = self._ask("POST", "/v2/email/outbound-emails", TIMEOUT_S, asked)
        if answer.status_code != 200:
            raise _refuse(answer)
        provider_id = str(_read(answer).get("MessageId", ""))[:200]
        if not provider_id:
            raise ChannelError(
                "Amazon SES answered what is not understood: the mail may have been accepted.", permanent=False, doubtful=True
            )
        return Receipt(provider_id=provider_id, detail="200")

    def _ask(self, method: str, path: str, timeout_s: float, said: dict[str, Any] | None = None) -> requests.Response:
        session = getattr(self._kept, "session", None)
        if session is None:
            session = self._kept.session = make_session()
        body = b"" if said is None else encode(said).encode()
        headers = sign(
            method,
            self._url + path,
            body_sha256=hashlib.sha256(body).hexdigest(),
            access_key=self._access_key,
            secret_key=self._secret_key,
            region=self._region,
            at=now_ms(),
            more={"content-type": "application/json"},
            service="ses",
        )
        try:
            answer: requests.Response = session.request(
                method, self._url + path, data=body, headers=headers, timeout=timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise translate_failure(error, WHOM, repeatable=method == "GET") from None
        return answer


def open_api(settings: Mapping[str, str]) -> AmazonApiChannel:
    """A channel for an account in a region. Raises ChannelUnknown."""
    region, configuration_set = read_place(settings)
    url = settings["api_url"] or f"https://email.{region}.{domain_of(region)}"
    return AmazonApiChannel(url, region, settings["access_key_id"], settings["secret_access_key"], configuration_set)


def _read(answer: requests.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _refuse(answer: requests.Response) -> ChannelError:
    """Amazon's words may repeat the address, so that only the kind of its refusal is told."""
    kind = answer.headers.get("x-amzn-ErrorType", "").partition(":")[0]
    said = str(_read(answer).get("message", "")).casefold()
    code = answer.status_code
    if kind in TOO_FAST or code == 429:
        return ChannelError("Amazon SES takes no more mail now: the account's rate or quota is reached.", permanent=False)
    if kind in NOT_NOW:
        return ChannelDown(f"Amazon SES takes no mail now: {NOT_NOW[kind]}.")
    if kind == "MessageRejected" and NOT_VERIFIED in said:
        return ChannelDown("Amazon SES takes no mail of this sender: verify its domain there, and leave the sandbox.")
    if code in (401, 403):
        return ChannelDown(f"Amazon SES does not believe the access key ({code}): check it, its rights, and this machine's clock.")
    if code in IN_DOUBT:
        return ChannelError(f"Amazon SES failed ({code}): the mail may have been accepted.", permanent=False, doubtful=True)
    if code == 408 or code > 500:
        return ChannelDown(f"Amazon SES takes no mail now ({code}).")
    return ChannelError(f"Amazon SES refused the mail ({code}{f', {kind}' if kind.isalnum() else ''}).", permanent=True)
