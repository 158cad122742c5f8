"""Whether a request is signed as Amazon wants it, told by other code than what signs it."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, urlsplit

from tests.http_server import Asked


def signed_rightly(asked: Asked, secret: str) -> bool:
    """What a store, or SES, does with a request."""
    told = dict(part.split("=", 1) for part in asked.headers["authorization"].partition(" ")[2].split(","))
    _access, day, region, service, last = told["Credential"].split("/")
    names = told["SignedHeaders"].split(";")
    lines = [asked.method, quote(urlsplit(asked.path).path, safe="/%"), urlsplit(asked.path).query]
    lines += [f"{name}:{asked.headers[name]}" for name in names] + ["", told["SignedHeaders"], hashlib.sha256(asked.body).hexdigest()]
    scope = f"{day}/{region}/{service}/{last}"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = ("AWS4" + secret).encode()
    for word in (day, region, service, last):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", asked.headers["x-amz-date"], scope, digest])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == told["Signature"]
