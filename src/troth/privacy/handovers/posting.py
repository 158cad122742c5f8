"""One try: the file goes over an encrypted line to a public address, following nothing. Touches no database."""

from __future__ import annotations

import base64
from typing import IO, NamedTuple

import requests
from requests.structures import CaseInsensitiveDict

from troth.messages.channels.outside import name_trouble
from troth.privacy.handovers.signing import sign
from troth.privacy.handovers.targets import Target
from troth.privacy.opendsr.trust import open_session

CONNECT_S, ANSWER_S = 10.0, 120.0
READ_MOST = 16_384


class Answer(NamedTuple):
    """What came back: an HTTP code and what the recipient calls it, or why nothing."""

    status: int
    trouble: str = ""
    says: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the other side has it."""
        return 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether another try would be answered the same."""
        return self.is_taken or (400 <= self.status < 500 and self.status not in (408, 425, 429))


def hand(target: Target, file: IO[bytes], *, size: int, sha256: str, kind: str, at: int) -> Answer:
    """Send the file; never raises. `kind` is its media type, `at` in milliseconds."""
    headers = {"Content-Type": kind, "Content-Length": str(size)}
    if target.method == "s3":
        headers |= sign(
            "PUT",
            target.url,
            body_sha256=sha256,
            access_key=target.access_key,
            secret_key=target.secret_key,
            region=target.region,
            at=at,
        )
    else:
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"  # RFC 9530
        if target.authorization:
            headers["Authorization"] = target.authorization
    method = "POST" if target.method == "post" else "PUT"
    try:
        with (
            open_session() as session,
            session.request(
                method, target.url, data=file, headers=headers, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, stream=True
            ) as response,
        ):
            response.raw.read(READ_MOST, decode_content=False)
            return Answer(response.status_code, _trouble_of(response.status_code), _named(response.headers))
    except requests.RequestException as error:
        return Answer(0, name_trouble(error))


def _trouble_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "redirected" if 300 <= status < 400 else "refused"


def _named(headers: CaseInsensitiveDict[str]) -> str:
    return str(headers.get("ETag") or headers.get("x-request-id") or "")[:200]
