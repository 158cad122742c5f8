"""What Amazon SES tells through a topic of Amazon SNS: each message is signed; a new subscription is confirmed by following its link.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from troth.kernel.clock import now_ms
from troth.messages.channels.amazon import domain_of
from troth.messages.channels.outside import CHECKED_FOR_S, make_session
from troth.messages.channels.port import Callback
from troth.messages.errors import CallbackPutOff, CallbackRefused

NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What is signed of each type, in this order; what is not there is left out."""
_HASHES = {"1": SHA1, "2": SHA256}
LARGEST_CERTIFICATE = 20_000


def read_message(settings: Mapping[str, str], callback: Callback) -> tuple[str, dict[str, Any]]:
    """The number of a notification and what stands in it; nothing of a subscription, which is confirmed. Raises CallbackRefused."""
    told = _read(callback.body)
    topic = settings["topic_arn"]
    if not topic:
        raise CallbackRefused("Enter the ARN of the topic in the channel: only what comes from it is believed.")
    if told.get("TopicArn") != topic:
        raise CallbackRefused("The message is of another topic than the channel's: check the ARN there.")
    source = settings["sns_url"].rstrip("/") or f"https://sns.{settings['region']}.{domain_of(settings['region'])}"
    _check_signature(told, source)
    if told["Type"] == CONFIRMATION:
        _confirm(str(told.get("SubscribeURL", "")), source)
    return (str(told.get("MessageId", "")), _read_event(told)) if told["Type"] == NOTIFICATION else ("", {})


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("Type") not in _SIGNED:
        raise CallbackRefused("The message is not one of Amazon SNS: switch raw message delivery off in the subscription.")
    return told


def _read_event(told: Mapping[str, Any]) -> dict[str, Any]:
    """The event of SES in a notification; nothing where it is a greeting."""
    try:
        found = json.loads(str(told.get("Message", "")))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _check_signature(told: Mapping[str, Any], source: str) -> None:
    """Raises CallbackRefused."""
    url, kind = str(told.get("SigningCertURL", "")), _HASHES.get(str(told.get("SignatureVersion", "")))
    signed = "".join(f"{name}\n{told[name]}\n" for name in _SIGNED[told["Type"]] if name in told)
    if kind is None or not _is_of(url, source):
        raise CallbackRefused("The message says that somebody else than Amazon's SNS of the channel's region signed it: check the region.")
    try:
        key = _load_key(url)
        # SHA-1 is what version 1 of Amazon's signature is; a topic can be set to version 2.
        key.verify(base64.b64decode(str(told.get("Signature", "")), validate=True), signed.encode(), PKCS1v15(), kind())
    except (InvalidSignature, binascii.Error):
        raise CallbackRefused("The signature is not that of Amazon's SNS.") from None


@lru_cache(maxsize=32)
def _load_key(url: str) -> RSAPublicKey:
    """The key that signs, from the certificate at its address, which never changes. Raises CallbackRefused, CallbackPutOff."""
    try:
        answer = make_session().get(url, timeout=CHECKED_FOR_S, allow_redirects=False)
        certificate = x509.load_pem_x509_certificate(answer.content[:LARGEST_CERTIFICATE])
    except (requests.RequestException, ValueError):
        raise CallbackPutOff("The certificate of Amazon's SNS cannot be read now: the message is told again.") from None
    key, now = certificate.public_key(), datetime.fromtimestamp(now_ms() / 1000, UTC)
    if not isinstance(key, RSAPublicKey) or not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise CallbackRefused("The certificate of Amazon's SNS is not valid: the message is not believed.")
    return key


def _confirm(url: str, source: str) -> None:
    """Follow the link by which a subscription begins. Raises CallbackRefused."""
    if not _is_of(url, source):
        raise CallbackRefused("The link that confirms the subscription does not lead to Amazon's SNS: it is not followed.")
    try:
        answer = make_session().get(url, timeout=CHECKED_FOR_S, allow_redirects=False)
    except requests.RequestException:
        answer = None
    if answer is None or answer.status_code != 200:
        raise CallbackRefused("The subscription could not be confirmed: request the confirmation again in Amazon SNS.")


def _is_of(url: str, source: str) -> bool:
    """Whether an address is of the service that the channel believes."""
    there, own = urlsplit(url), urlsplit(source)
    return (there.scheme, there.netloc) == (own.scheme, own.netloc) and bool(there.netloc)
