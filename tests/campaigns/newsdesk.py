"""A marketer's API, a worker whose clock the test holds, and newsletters that try variants."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.api.conftest import Api
from tests.messages.posting import Post
from troth.campaigns.newsletters.deciding import decide_next, finish_done
from troth.campaigns.newsletters.gathering import gather_next
from troth.campaigns.newsletters.running import begin_due
from troth.kernel.clock import now_ms
from troth.messages.models import Engaged, Engagement, Message, State
from troth.messages.sending import send_due
from troth.workspaces.keys import create_key

MAIL = {"key": "A", "subject": "News", "html": "<p>Hello {{ person.first_name | default: 'you' }}</p>"}


NEWS = {"name": "Weekly", "purpose": "marketing_email", "variants": [MAIL]}


class Desk:
    """A marketer's API, and a worker whose clock the test holds."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.api = Api(create_key(post.workspace, "api", scopes=frozenset({"campaigns:write"})))
        self.now = now_ms()

    def draft(self, **fields: Any) -> int:
        return int(self.api.json("POST", "/newsletters", {**NEWS, **fields}, status=201)["id"])

    def start(self, **fields: Any) -> int:
        made = self.draft(**fields)
        self.api.json("POST", f"/newsletters/{made}/start")
        self.now = max(self.now, now_ms())
        return made

    def work(self, later: int = 0) -> None:
        """All that the worker does at a moment, `later` from the last."""
        self.now += later
        begin_due(self.now)
        while gather_next(self.now):
            pass
        while decide_next(self.now):
            pass
        while send_due(self.now):
            pass
        finish_done(self.now)

    def state(self, made: int) -> str:
        return str(self.api.json("GET", f"/newsletters/{made}")["state"])

    def run(self, made: int) -> Any:
        return self.api.json("GET", f"/newsletters/{made}/runs")[0]

    def counts(self, made: int) -> dict[tuple[str, str], int]:
        found: Counter[tuple[str, str]] = Counter()
        for one in self.run(made)["counts"]:
            found[one["state"], one["reason"]] += one["messages"]
        return dict(found)

    def got(self) -> list[str]:
        return sorted(outgoing.recipient for outgoing in self.post.sent)


def start_a_test(desk: Desk, **test: Any) -> int:
    for number in range(40):
        desk.post.person(f"p{number}")
    variants = [MAIL, {"key": "B", "subject": "Bigger news", "html": "<p>Look</p>"}]
    made = desk.start(variants=variants, test={"share": 50, "metric": "clicked", "hours": 4, **test})
    desk.work()
    return made


def follow_a_link(variant_template: int, now: int) -> None:
    """Everybody who got a variant agreed to being measured, and followed a link."""
    for message in Message.objects.filter(template_id=variant_template, state=State.SENT):
        for link, times in (("", 0), ("https://example.com/", 1)):
            Engagement.objects.create(
                bucket=message.bucket,
                person_id=message.person_id,
                message_id=message.message_id,
                kind=Engaged.CLICK,
                link=link,
                workspace_id=message.workspace_id,
                source=message.source,
                measured_at=now,
                times=times,
                first_at=now,
                last_at=now,
            )


def instant(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)
