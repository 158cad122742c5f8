"""Requests that the real Segment and RudderStack libraries sent, byte for byte, and what each must become."""

from __future__ import annotations

from typing import Any

import pytest
from asking import NOW, WORKSPACE, WRITE, answer_of, ask_segment, commands_of, only

from troth.intake.commands import Alias, Command, Identify, Identity, Track
from troth.kernel.clock import HOUR

U1 = Identity(external_id="u1")
JANE = Identity(external_id="u1", email="jane@example.com")
SENT = '"sentAt": "2026-11-23T15:22:18.347345+00:00"'
LIBRARY = '"context": {"library": {"name": "analytics-python", "version": "2.4.0"}}'
COMMON = f'"integrations": {{}}, "anonymousId": null, "timestamp": "2026-11-23T15:22:18.347+00:00", {LIBRARY}, "userId": "u1", "messageId": "m-1"'


def identify(identity: Identity, **attributes: Any) -> Identify:
    return Identify(workspace_id=WORKSPACE, identity=identity, source="segment", received_at=NOW, attributes=attributes)


def track(name: str, ts: int, message_id: str | None, **properties: Any) -> Track:
    return Track(
        workspace_id=WORKSPACE,
        identity=U1,
        source="segment",
        received_at=NOW,
        name=name,
        ts=ts,
        properties=properties,
        dedupe=message_id and f"segment:{message_id}",
        dedupe_ms=48 * HOUR,
    )


def alias(user: str, previous: str) -> Alias:
    old = Identity(external_id=previous, anonymous_id=previous)
    return Alias(workspace_id=WORKSPACE, identity=Identity(external_id=user), previous=old, source="segment", received_at=NOW)


PYTHON: list[tuple[str, Command]] = [
    (
        """{"integrations": {}, "anonymousId": null, "timestamp": "2026-11-23T15:22:18.347+00:00",
   "context": {"ip": "203.0.113.9", "library": {"name": "analytics-python", "version": "2.4.0"}},
   "type": "identify", "userId": "u1", "traits": {"email": "jane@example.com", "n": null},
   "messageId": "568b9119-5527-4597-85cb-517f456df8c7"}""",
        identify(JANE, n=None),
    ),
    (
        f"""{{"integrations": {{}}, "anonymousId": null, "properties": {{"revenue": 14.99}}, "timestamp": "2026-01-02T03:04:05.678+00:00",
         {LIBRARY}, "userId": "u1", "type": "track", "event": "Item Purchased", "messageId": "m-1"}}""",
        # The clock of the client ran 5.007 s behind ours.
        track("Item Purchased", 1_767_323_045_678 + 5_007, "m-1", revenue=14.99),
    ),
    (
        f'{{{COMMON}, "properties": {{"url": "https://x.example/p"}}, "category": "Docs", "type": "page", "name": "API"}}',
        track("Viewed Docs API Page", NOW, "m-1", url="https://x.example/p"),
    ),
    (
        f'{{{COMMON}, "properties": {{}}, "category": "Docs", "type": "screen", "name": "Home"}}',
        track("Viewed Docs Home Screen", NOW, "m-1"),
    ),
    (
        f'{{{COMMON}, "groupId": "g1", "traits": {{"name": "Initech"}}, "type": "group"}}',
        identify(U1, group={"name": "Initech", "id": "g1"}),
    ),
    (f'{{{COMMON}, "previousId": "anon-1", "type": "alias"}}', alias("u1", "anon-1")),
]


@pytest.mark.parametrize(("message", "expected"), PYTHON)
def test_segments_python_library(message: str, expected: Command) -> None:
    work = ask_segment("batch", f'{{"batch": [{message}],\n {SENT}, "writeKey": "WK"}}')
    assert only(work) == expected
    assert answer_of(work).body == b'{"success":true}'


def test_rudderstacks_python_library_names_traits_in_the_context_alone() -> None:
    body = """{"batch": [{"integrations": {"All": true}, "anonymousId": null, "timestamp": "2026-11-23T15:22:20.925252+00:00",
   "context": {"traits": {"email": "jane@example.com"}, "library": {"name": "analytics-python", "version": "2.1.9"}},
   "type": "identify", "userId": "u1", "messageId": "a5adf9d0-1272-4c03-a03d-1305fa195862", "channel": "server"}],
 "sentAt": "2026-11-23T15:22:20.925375+00:00"}"""
    assert only(ask_segment("batch", body)) == identify(JANE)


NODE = """{"batch":[
  {"timestamp":"2026-11-23T15:22:23.354Z","integrations":{},"type":"identify","userId":"u1","traits":{"email":"jane@example.com"},
   "context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},
   "messageId":"node-next-1795447343354-ba264dae-bb8e-4696-9c32-c6f5ac26c62a",
   "_metadata":{"nodeVersion":"v20.20.2","jsRuntime":"node"}},
  {"event":"Item Purchased","type":"track","properties":{"revenue":14.99},"userId":"u1","messageId":"node-next-2"},
  {"type":"page","properties":{"url":"https://x.example/p","category":"Docs"},"category":"Docs","name":"API","userId":"u1"},
  {"type":"screen","properties":{},"category":"Docs","name":"Home","userId":"u1"},
  {"type":"group","traits":{"name":"Initech"},"groupId":"g1","userId":"u1"},
  {"userId":"u1","type":"alias","previousId":"anon-1"}],
 "writeKey":"WK","sentAt":"2026-11-23T15:22:23.358Z"}"""


def test_segments_node_library_sends_all_types_in_one_batch() -> None:
    assert commands_of(ask_segment("batch", NODE)) == [
        identify(JANE),
        track("Item Purchased", NOW, "node-next-2", revenue=14.99),
        track("Viewed Docs API Page", NOW, None, url="https://x.example/p", category="Docs"),
        track("Viewed Docs Home Screen", NOW, None),
        identify(U1, group={"name": "Initech", "id": "g1"}),
        alias("u1", "anon-1"),
    ]


def test_rudderstacks_node_library_times_each_message() -> None:
    body = """{"batch":[{"userId":"u1","traits":{"email":"jane@example.com"},
   "context":{"traits":{"email":"jane@example.com"},"library":{"name":"analytics-node","version":"3.0.13"}},
   "type":"identify","channel":"server","_metadata":{"nodeVersion":"20.20.2"},
   "originalTimestamp":"2026-11-23T15:22:24.585Z","messageId":"3b70a8cc-f9dc-41d7-bae5-0e5b2f92ff67",
   "sentAt":"2026-11-23T15:22:24.585Z"},
   {"userId":"u1","event":"Item Purchased","properties":{"revenue":14.99},"timestamp":"2026-01-02T03:04:05.678Z","type":"track",
    "originalTimestamp":"2026-11-23T15:22:24.587Z","sentAt":"2026-11-23T15:22:24.587Z"}],
 "timestamp":"2026-11-23T15:22:24.585Z","sentAt":"2026-11-23T15:22:24.585Z"}"""
    ahead = 1_233  # milliseconds by which the client's clock ran ahead of ours
    assert commands_of(ask_segment("batch", body)) == [
        identify(JANE),
        track("Item Purchased", 1_767_323_045_678 - ahead, None, revenue=14.99),
    ]


def test_single_calls_of_the_documentation() -> None:
    body = """{"userId":"019mr8mf4r","event":"Item Purchased","properties":{"name":"Leap to Conclusions Mat","revenue":14.99},
 "context":{"ip":"24.5.68.47"},"timestamp":"2012-12-02T00:30:12.984Z","writeKey":"WK"}"""
    found = only(ask_segment("track", body, user=None))
    assert found.identity == Identity(external_id="019mr8mf4r")
    assert (found.ts, found.properties) == (1_354_408_212_984, {"name": "Leap to Conclusions Mat", "revenue": 14.99})
    body = """{"previousId":"39239-239239-239239-23923","userId":"019mr8mf4r","timestamp":"2012-12-02T00:31:29.738Z","writeKey":"WK"}"""
    assert only(ask_segment("alias", body, user=None)) == alias("019mr8mf4r", "39239-239239-239239-23923")


def test_the_key_in_the_header_is_the_one_the_libraries_send() -> None:
    assert only(
        ask_segment("batch", f'{{"batch":[{{"type":"track","event":"x","userId":"u1"}}],"writeKey":"{WRITE}"}}', authorization="Basic V0s6")
    )
