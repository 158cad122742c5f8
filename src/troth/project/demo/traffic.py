"""A small stream of invented traffic over the real doors, so that there is something to see."""

from __future__ import annotations

import random
import threading
import uuid

from troth.project.demo.http import Client
from troth.project.demo.people import invent_people

SECONDS_BETWEEN = 0.4


def keep_traffic_going(client: Client, stop: threading.Event, people: int) -> None:
    """Send events of random people, half by Vero, half by Segment, until told to stop."""
    dice = random.Random()  # noqa: S311 -- invention, not cryptography
    invented = invent_people(people)
    while not stop.wait(SECONDS_BETWEEN * dice.uniform(0.3, 1.7)):
        person = dice.choice(invented)
        event, data = dice.choice(
            (
                ("Logged in", {"device": "web"}),
                ("Note created", {"words": dice.randint(5, 900), "shared": False}),
                ("Note created", {"words": dice.randint(5, 900), "shared": True}),
                ("Trial expiring", {"notes": dice.randint(0, 60), "days_left": 3}),
                ("Invoice paid", {"amount": 19, "plan": "team"}),
            )
        )
        try:
            if dice.random() < 0.5:
                client.track(event, {"id": person.external_id}, {**data, "visit": uuid.uuid4().hex[:8]})
            else:
                message = {
                    "type": "track",
                    "userId": person.external_id,
                    "event": event,
                    "properties": data,
                    "messageId": str(uuid.uuid4()),
                }
                client.batch([message])
        except OSError:
            # The server is being stopped or restarted: real traffic would try again as well.
            continue
