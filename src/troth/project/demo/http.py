"""Talking to a served Troth over HTTP, as a customer's own systems would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any


class Client:
    """One workspace's keys and the address of the server."""

    def __init__(self, url: str, keys: dict[str, Any]) -> None:
        self.url = url
        self.keys = keys

    def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, bearer: bool = False, accept: str = "application/json"
    ) -> tuple[int, bytes]:
        """One request: status and body of the answer, whatever the status."""
        headers = {"Accept": accept, "Content-Type": "application/json" if raw is None else "application/x-www-form-urlencoded"}
        if bearer:
            headers["Authorization"] = f"Bearer {self.keys['auth_token']}"
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        address = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(address, data=data, method=method, headers=headers)  # noqa: S310 -- our own server
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- our own server
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control API that must succeed; its JSON."""
        status, answer = self.call(method, f"/api/troth/v1{path}", body, bearer=True)
        if status >= 300:
            raise ConnectionError(f"{method} {path.split('/')[1]} answered {status}")
        return json.loads(answer)

    def track(self, event: str, identity: dict[str, str], data: dict[str, Any]) -> int:
        """A Vero event; the status."""
        body = {"auth_token": self.keys["auth_token"], "identity": identity, "event_name": event, "data": data}
        return self.call("POST", "/api/v2/events/track", body)[0]

    def batch(self, messages: list[dict[str, Any]]) -> int:
        """A Segment batch; the status."""
        return self.call("POST", "/v1/batch", {"writeKey": self.keys["write_key"], "batch": messages})[0]

    def wait_until_ready(self, seconds: float = 60) -> bool:
        """Whether the server became ready in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.1)
        return False
