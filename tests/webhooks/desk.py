"""A desk for tests: a workspace whose webhooks lead to a server on this machine, in which time passes as a test says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.http_server import Asked, Provider
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.people.lookup import find_person
from troth.webhooks.courier import Courier, courier
from troth.webhooks.editing import create_webhook
from troth.webhooks.models import Delivery, ErasureNotice, Webhook


def verify(secret: str, asked: Asked) -> bool:
    """As docs/webhooks.md tells receivers to do it; written without Troth's own code."""
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    mine = base64.b64encode(hmac.new(base64.b64decode(secret[6:]), signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(f"v1,{mine}", one) for one in asked.headers["webhook-signature"].split())


class Desk:
    """What a test does with webhooks."""

    def __init__(self, workspace: Any, receiver: Provider) -> None:
        self.pk, self.receiver, self.now = workspace.pk, receiver, now_ms()
        self.secret = ""

    def listen(self, *types: str, purpose: str = "service", form: str = "troth", path: str = "/hook", url: str = "") -> Webhook:
        made, self.secret = create_webhook(
            self.pk, url=url or self.receiver.url + path, types=types, purpose=purpose, form=form, now=self.now
        )
        return made

    def common(self) -> dict[str, Any]:
        return {"workspace_id": self.pk, "source": "api", "received_at": self.now}

    def person(self, name: str, **attributes: Any) -> Identity:
        who = Identity(external_id=name, email=f"p{name}@example.com")
        apply([Identify(identity=who, attributes=attributes, **self.common())], now=self.now)
        return who

    def does(self, *commands: Any) -> None:
        apply([kind(**self.common(), **fields) for kind, fields in commands], now=self.now)

    def subject(self, name: str) -> Any:
        return find_person(self.pk, name)

    def deliver(self, span: int = 0, *, by: Courier = courier, rounds: int = 20) -> list[Asked]:
        """Time passes, and the worker delivers until nothing is due; what the other side was asked meanwhile."""
        self.now += span
        before = len(self.receiver.asked)
        for _ in range(rounds):
            by.deliver_due(self.now)
            by.wait(10)
            if not by.deliver_due(self.now) and not by._under_way:
                break
        return self.receiver.asked[before:]

    def work(self) -> None:
        drain(self.now)

    def told(self, span: int = 0) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self.deliver(span)]

    def states(self) -> list[str]:
        return [
            *Delivery.objects.order_by("delivery_id").values_list("state", flat=True),
            *ErasureNotice.objects.values_list("state", flat=True),
        ]
