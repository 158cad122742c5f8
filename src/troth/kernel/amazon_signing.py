"""AWS Signature Version 4, for one request to an S3-compatible store or to Amazon SES (decision 011).

Source: "Authenticating Requests: Using the Authorization Header", Amazon S3 API reference; its examples are the test. The whole body's hash is
signed, so what arrives is what was sent.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


def sign(
    method: str,
    url: str,
    *,
    body_sha256: str,
    access_key: str,
    secret_key: str,
    region: str,
    at: int,
    more: Mapping[str, str] | None = None,
    service: str = "s3",
) -> dict[str, str]:
    """The headers to send, `Authorization` among them; `more` are further headers that are to be signed. `at` in milliseconds."""
    parts = urlsplit(url)
    moment = datetime.fromtimestamp(at / 1000, UTC)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    headers = {"host": parts.netloc, "x-amz-content-sha256": body_sha256, "x-amz-date": stamp, **(more or {})}
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        [
            method,
            quote(unquote(parts.path or "/"), safe="/-_.~"),
            _query(parts.query),
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            body_sha256,
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for step in (day, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    sent = {name: value for name, value in headers.items() if name.lower() != "host"}
    return {**sent, "Authorization": f"{ALGORITHM} Credential={access_key}/{scope},SignedHeaders={names},Signature={signature}"}


def _query(query: str) -> str:
    """Parameters sorted, each encoded as the signature wants it."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = sorted((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)
