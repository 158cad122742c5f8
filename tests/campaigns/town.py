"""A small town for the tests of campaigns: people, campaigns, and time that passes as a test says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.evidence import GIVEN
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.kernel.worker import drain
from troth.messages.hours import WEEKDAYS
from troth.messages.models import Message

NOON = now_ms() // DAY * DAY + 12 * HOUR
TOMORROW = WEEKDAYS[(datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(days=1)).weekday()]
MARKETING = ("marketing_email", "behavioural_profiling")


class Town:
    """A workspace in which time passes as the test says."""

    def __init__(self, workspace: Any) -> None:
        self.pk = workspace.pk
        self.now = NOON

    def common(self) -> dict[str, Any]:
        return {"workspace_id": self.pk, "source": "api", "received_at": self.now}

    def campaign(self, name: str = "C", purpose: str = "service", event: str = "bought", **more: Any) -> Any:
        made = create_campaign(self.pk, name=name, trigger_event=event, purpose=purpose, subject=name, html="<p>Hello</p>", **more)
        return publish_campaign(made, now=self.now)

    def person(self, name: str, **attributes: Any) -> Identity:
        who = Identity(external_id=name, email=f"{name}@example.com")
        apply([Identify(identity=who, attributes=attributes, **self.common())], now=self.now)
        apply(
            [Decide(identity=who, decision=Decision.GRANT, purpose=key, evidence=GIVEN, **self.common()) for key in MARKETING], now=self.now
        )
        return who

    def does(self, who: Identity, name: str, at: int | None = None, **properties: Any) -> None:
        apply([Track(identity=who, name=name, ts=self.now if at is None else at, properties=properties, **self.common())], now=self.now)
        fold_inbox(self.now)

    def later(self, span: int = 0) -> None:
        """Time passes, and the worker does what is due."""
        self.now += span
        drain(self.now)

    def states(self) -> list[tuple[str, str]]:
        return list(Message.objects.order_by("created_at", "message_id").values_list("state", "reason"))
