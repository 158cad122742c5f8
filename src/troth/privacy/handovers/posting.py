"""One try: the file goes over an encrypted line to a public address, following nothing. Touches no database."""

from __future__ import annotations

import base64
from typing import IO

import requests
from requests.structures import CaseInsensitiveDict

from troth.kernel.amazon_signing import sign
from troth.messages.channels.outside import name_trouble, read_most
from troth.privacy.handovers.answers import ANSWER_S, CONNECT_S, WHOLE_WITHIN_S, Answer, trouble_of
from troth.privacy.handovers.targets import Target
from troth.privacy.opendsr.trust import open_session

READ_MOST = 16_384


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
            open_session(WHOLE_WITHIN_S) as session,
            session.request(
                method, target.url, data=file, headers=headers, timeout=(CONNECT_S, ANSWER_S), allow_redirects=False, stream=True
            ) as response,
        ):
            read_most(response, READ_MOST)
            return Answer(response.status_code, trouble_of(response.status_code), _named(response.headers))
    except requests.RequestException as error:
        return Answer(0, name_trouble(error))


def _named(headers: CaseInsensitiveDict[str]) -> str:
    return str(headers.get("ETag") or headers.get("x-request-id") or "")[:200]
