"""A channel that keeps what it gets, with people and messages for it."""

from __future__ import annotations

from typing import Any

from tests.evidence import GIVEN
from troth.consent.gate import Operation, Verdict
from troth.content.models import Template
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.messages.channels import Outgoing, Receipt
from troth.messages.enqueue import NewMessage, enqueue
from troth.messages.models import Message
from troth.people.lookup import find_person


class Post:
    """One workspace, its people, and a channel that keeps or refuses what it gets."""

    name = "post"

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace
        self.common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
        self.template = Template.objects.create(workspace_id=workspace.pk, subject="Hi", html="<p>{{ event.n }}</p>", text="")
        self.sent: list[Outgoing] = []
        self.trouble: Exception | None = None

    def send(self, outgoing: Outgoing) -> Receipt:
        """The channel's port."""
        if self.trouble:
            raise self.trouble
        self.sent.append(outgoing)
        return Receipt(provider_id="p-1")

    def say(self, *commands: Any) -> None:
        apply(commands, now=now_ms())

    def person(self, name: str, *, consents: bool = True) -> Subject:
        who = Identity(external_id=name, email=f"{name}@example.com")
        self.say(Identify(identity=who, **self.common))
        if consents:
            self.say(
                *[
                    Decide(identity=who, decision=Decision.GRANT, purpose=p, evidence=GIVEN, **self.common)
                    for p in ("marketing_email", "behavioural_profiling")
                ]
            )
        return find_person(self.workspace.pk, name)

    def say_email(self, name: str, email: str) -> None:
        """Give somebody another address."""
        self.say(Identify(identity=Identity(external_id=name, email=email), **self.common))

    def queue(
        self,
        subject: Subject,
        occurrence: int = 1,
        *,
        purpose: str = "service",
        due_at: int = 0,
        expires_at: int | None = None,
        allowed: bool = True,
    ) -> int:
        verdict = Verdict(allow=allowed, purpose=purpose, operation=Operation.MESSAGE, at=1, reason="" if allowed else "no_consent")
        message = NewMessage(
            subject=subject,
            source="campaign:1",
            occurrence=occurrence,
            channel="email",
            purpose=purpose,
            is_marketing=purpose == "marketing_email",
            template_id=self.template.pk,
            due_at=due_at,
            expires_at=expires_at,
            context={"event": {"n": occurrence}},
            verdicts=[verdict],
        )
        return enqueue([message], now_ms())

    def states(self) -> list[tuple[str, str]]:
        return list(Message.objects.order_by("message_id").values_list("state", "reason"))
