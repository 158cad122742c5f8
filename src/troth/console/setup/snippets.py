"""What to copy for a first event, one for each client library that the tests of the wire drive against a served Troth."""

from __future__ import annotations

from dataclasses import dataclass

URL, KEY = "TROTH_URL", "YOUR_KEY"


@dataclass(frozen=True)
class Snippet:
    """A program that tells of one event. `kind` is the key that it wants."""

    code: str
    name: str
    install: str
    kind: str
    text: str

    def written_for(self, url: str, key: str = KEY) -> str:
        """The program for an installation."""
        return self.text.replace(URL, url).replace(KEY, key)


SNIPPETS = (
    Snippet(
        "curl",
        "curl",
        "",
        "server",
        """curl TROTH_URL/api/v2/events/track -H 'Content-Type: application/json' \\
  -d '{"auth_token": "YOUR_KEY",
       "identity": {"id": "42", "email": "dana@example.com"},
       "event_name": "Signed up", "data": {"plan": "pro"}}'
""",
    ),
    Snippet(
        "segment-python",
        "Python, Segment",
        "pip install segment-analytics-python",
        "write",
        """import segment.analytics as analytics

analytics.write_key = "YOUR_KEY"
analytics.host = "TROTH_URL"
analytics.identify("42", {"email": "dana@example.com", "plan": "pro"})
analytics.track("42", "Signed up", {"plan": "pro"})
analytics.flush()
""",
    ),
    Snippet(
        "vero-python",
        "Python, Vero",
        "pip install vero",
        "server",
        """from vero import client

# The library has its addresses as constants: let them lead here.
for name, endpoint in list(vars(client.VeroEndpoints).items()):
    if isinstance(endpoint, client.Endpoint):
        url = endpoint.url.replace("https://api.getvero.com", "TROTH_URL")
        setattr(client.VeroEndpoints, name, client.Endpoint(endpoint.method, url))

vero = client.VeroEventLogger("YOUR_KEY")
vero.add_event("Signed up", {"plan": "pro"}, "42", user_email="dana@example.com")
""",
    ),
    Snippet(
        "vero-js",
        "Browser or Node.js, Vero",
        "npm install @getvero/tracking",
        "tracking",
        """import { Tracker } from "@getvero/tracking";

const tracker = new Tracker({ trackingApiBaseUrl: "TROTH_URL", trackingApiKey: "YOUR_KEY" });
const identity = { userId: "42", email: "dana@example.com" };
await tracker.event.track({ identity, eventName: "Signed up", data: { plan: "pro" } });
""",
    ),
    Snippet(
        "segment-node",
        "Node.js, Segment",
        "npm install @segment/analytics-node",
        "write",
        """import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ host: "TROTH_URL", writeKey: "YOUR_KEY" });
analytics.identify({ userId: "42", traits: { email: "dana@example.com", plan: "pro" } });
analytics.track({ userId: "42", event: "Signed up", properties: { plan: "pro" } });
await analytics.closeAndFlush();
""",
    ),
    Snippet(
        "rudder-node",
        "Node.js, RudderStack",
        "npm install @rudderstack/rudder-sdk-node",
        "write",
        """import Analytics from "@rudderstack/rudder-sdk-node";

const analytics = new Analytics("YOUR_KEY", { dataPlaneUrl: "TROTH_URL" });
analytics.identify({ userId: "42", traits: { email: "dana@example.com", plan: "pro" } });
analytics.track({ userId: "42", event: "Signed up", properties: { plan: "pro" } });
await analytics.flush();
""",
    ),
)


def find_snippet(code: str) -> Snippet:
    """That of a code; the first where there is none."""
    return next((one for one in SNIPPETS if one.code == code), SNIPPETS[0])
