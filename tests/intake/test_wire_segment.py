"""The conformance checklist of the Segment door, item by item."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from asking import BLIND, NOW, SERVER, WORKSPACE, WRITE, answer_of, ask_segment, commands_of, only, refused, told

from troth.intake.commands import (
    DROPPED,
    DUPLICATE,
    Alias,
    Decide,
    Decision,
    Device,
    EditTags,
    Identify,
    Identity,
    Outcome,
    Track,
)
from troth.kernel.clock import HOUR, iso

SUCCESS = b'{"success":true}'
DANA = {"userId": "u1"}
TRACK = {"type": "track", **DANA, "event": "Item Purchased"}
GOOD: dict[str, dict[str, Any]] = {
    "identify": {**DANA, "traits": {"name": "Dana"}},
    "track": {**DANA, "event": "Item Purchased"},
    "page": {**DANA, "name": "API"},
    "screen": {**DANA, "name": "Home"},
    "group": {**DANA, "groupId": "g1"},
    "alias": {**DANA, "previousId": "anon-1"},
}


def batch(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"batch": list(messages), **more}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


# 1. Paths


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", GOOD)
def test_every_path_takes_its_message_and_so_does_the_batch(kind: str, slash: str) -> None:
    alone = commands_of(ask_segment(kind + slash, GOOD[kind]))
    assert alone == commands_of(ask_segment("batch" + slash, batch({**GOOD[kind], "type": kind})))
    assert alone == commands_of(ask_segment(kind[0], {**GOOD[kind], "type": "nonsense"}))
    assert commands_of(ask_segment("b", batch({**GOOD[kind], "type": kind}))) == alone


def test_other_paths_and_methods_are_refused_in_json_with_code_and_message() -> None:
    for path in ("", "import", "batch/x", "projects"):
        status, body = told(ask_segment(path, {}))
        assert (status, body["success"], body["code"]) == (404, False, "not_found")
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        reply = answer_of(ask_segment("batch", {}, method=method))
        assert (reply.status, dict(reply.headers)[b"allow"]) == (405, b"POST")


def test_the_browser_librarys_metrics_are_answered_and_not_kept() -> None:
    assert answer_of(ask_segment("m", b'{"series":[]}', user=None)).body == SUCCESS


# 2. Authentication


@pytest.mark.parametrize(
    "authorization",
    [
        basic(f"{WRITE}:"),
        basic(WRITE),
        basic(f"{WRITE}:password"),
        basic(f"{WRITE}:").lower().replace("v0s6", "V0s6"),
        basic(WRITE).rstrip("="),
    ],
)
def test_the_write_key_is_the_user_name_of_http_basic_with_or_without_colon(authorization: str) -> None:
    assert only(ask_segment("track", TRACK, authorization=authorization)).workspace_id == WORKSPACE


def test_the_write_key_may_stand_in_the_body_beside_or_without_a_header() -> None:
    for authorization in (None, basic(f"{WRITE}:"), "Bearer token", basic("")):
        for path, body in (("track", TRACK), ("batch", batch(TRACK))):
            work = ask_segment(path, {**body, "writeKey": WRITE}, user=None, authorization=authorization)
            assert only(work).workspace_id == WORKSPACE


@pytest.mark.parametrize(
    ("authorization", "write_key"),
    [
        (None, None),
        (None, ""),
        (None, "wrong"),
        (None, BLIND),
        (None, 5),
        (None, {"a": 1}),
        (basic("wrong:"), None),
        (basic(f"{BLIND}:"), None),
        (basic(f"{WRITE}:"), "wrong"),
        (basic(f"{WRITE}:"), SERVER),
        (basic("wrong:"), WRITE),
        ("Basic !!!", None),
        ("Basic /////w==", None),
        ("Basic", None),
        ("Bearer x", None),
    ],
)
def test_a_bad_key_is_a_401_with_code_and_message(authorization: str | None, write_key: Any) -> None:
    for path, body in (("track", TRACK), ("batch", batch(TRACK))):
        status, answer = told(ask_segment(path, {**body, "writeKey": write_key}, user=None, authorization=authorization))
        assert (status, answer["success"], answer["code"]) == (401, False, "unauthorized")
        assert answer["message"]


# 3. What is not JSON


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b'"x"', b"nonsense", b'{"batch":[}', b'{"batch":[]}x', b"\xff\xfe", b'{"batch":[{"a":"\xff', b"[" * 9_999],
)
def test_what_is_not_json_is_a_400_with_code_and_message(body: bytes) -> None:
    for path in ("batch", "track"):
        status, answer = told(ask_segment(path, body))
        assert (status, answer["success"]) == (400, False)
        assert answer["code"]
        assert answer["message"]


@pytest.mark.parametrize(
    "body", [{}, {"batch": None}, {"batch": {}}, {"batch": "x"}, {"batch": [], "context": "x"}, {"batch": [{}] * 10_001}]
)
def test_a_batch_that_is_none_is_a_400(body: dict[str, Any]) -> None:
    refused(ask_segment("batch", body), 400, "$")


# 4. Success


def test_success_is_exactly_200_and_the_short_body() -> None:
    for path, body in (("track", TRACK), ("batch", batch(TRACK, TRACK)), ("batch", batch())):
        reply = answer_of(ask_segment(path, body))
        assert (reply.status, reply.body) == (200, SUCCESS)


def test_a_dropped_or_duplicate_message_is_answered_like_any_other() -> None:
    work = ask_segment("batch", batch(TRACK, TRACK))
    assert answer_of(work, [Outcome(status=DROPPED), Outcome(status=DUPLICATE)]).body == SUCCESS


# 5. Fields


@pytest.mark.parametrize(
    ("traits", "context"),
    [
        ({"email": "dana@example.com", "age": 5}, None),
        (None, {"traits": {"email": "dana@example.com", "age": 5}}),
        ({}, {"traits": {"email": "dana@example.com", "age": 5}}),
        ({"email": "dana@example.com", "age": 5}, {"traits": {"email": "old@example.com"}}),
    ],
)
def test_traits_of_an_identify_stand_in_one_of_two_places(traits: Any, context: Any) -> None:
    found = only(ask_segment("identify", {**DANA, "traits": traits, "context": context}))
    assert found.identity == Identity(external_id="u1", email="dana@example.com")
    assert found.attributes == {"age": 5}


def test_null_ids_are_absent_and_numbers_are_their_text() -> None:
    assert only(ask_segment("track", {**TRACK, "userId": 42, "anonymousId": None})).identity == Identity(external_id="42")
    assert only(ask_segment("track", {**TRACK, "userId": None, "anonymousId": "a"})).identity == Identity(anonymous_id="a")
    assert only(ask_segment("track", {**TRACK, "userId": "", "anonymousId": 7.0})).identity == Identity(anonymous_id="7")


def test_both_ids_are_passed_on_together() -> None:
    for kind in ("identify", "track", "page"):
        found = only(ask_segment(kind, {**GOOD[kind], "anonymousId": "anon-1"}))
        assert found.identity == Identity(external_id="u1", anonymous_id="anon-1")


def test_unknown_keys_are_ignored_and_where_somebody_was_is_not_kept() -> None:
    context = {"ip": "203.0.113.9", "location": {"city": "Berlin"}, "page": {"url": "x"}, "library": {"name": "x"}, "direct": True}
    known = only(ask_segment("track", TRACK))
    assert only(ask_segment("track", {**TRACK, "context": context, "_metadata": {"a": 1}, "version": 2, "channel": "server"})) == known


def test_what_identifies_is_kept_once_and_what_cannot_stays_a_fact() -> None:
    traits = {"id": "u1", "email": "dana@example.com", "phone": "+491701234567", "firstName": "Dana", "gone": None}
    found = only(ask_segment("identify", {**DANA, "traits": traits}))
    assert found.identity == Identity(external_id="u1", email="dana@example.com", phone="+491701234567")
    assert found.attributes == {"firstName": "Dana", "gone": None}
    found = only(ask_segment("identify", {**DANA, "traits": {"email": "none", "phone": 5, "id": 1}}))
    assert found.identity == Identity(external_id="u1")
    assert found.attributes == {"email": "none", "phone": 5}


def test_traits_in_the_context_of_an_event_are_facts_about_the_person() -> None:
    found = only(ask_segment("track", {**TRACK, "context": {"traits": {"email": "dana@example.com", "plan": "pro"}}}))
    assert found.identity == Identity(external_id="u1", email="dana@example.com")
    assert found.attributes == {"plan": "pro"}


def test_a_push_token_in_the_context_is_a_device() -> None:
    for given, platform in (("ios", "ios"), ("Android", "android")):
        found = only(ask_segment("identify", {**DANA, "context": {"device": {"token": "T", "type": given, "id": "x"}}}))
        assert found.identity.devices == (Device(token="T", platform=platform),)
    for device in ("x", [], {"type": "ios"}, {"token": "T"}, {"token": 5, "type": "ios"}, {"token": "T", "type": "fridge"}):
        assert only(ask_segment("track", {**TRACK, "context": {"device": device}})).identity.devices == ()


def test_phps_empty_list_is_an_empty_object() -> None:
    body = {**TRACK, "properties": [], "traits": [], "context": [], "integrations": []}
    assert only(ask_segment("track", body)) == only(ask_segment("track", TRACK))
    assert commands_of(ask_segment("batch", batch(body, context=[], integrations=[])))


@pytest.mark.parametrize(
    ("kind", "more", "name"),
    [
        ("page", {}, "Viewed Page"),
        ("page", {"name": "API"}, "Viewed API Page"),
        ("page", {"name": "API", "category": "Docs"}, "Viewed Docs API Page"),
        ("page", {"category": "Docs", "name": None}, "Viewed Docs Page"),
        ("page", {"category": "", "name": 5}, "Viewed Page"),
        ("screen", {"name": "Home"}, "Viewed Home Screen"),
    ],
)
def test_pages_and_screens_are_events_named_as_vero_users_know_them(kind: str, more: dict[str, Any], name: str) -> None:
    found = only(ask_segment(kind, {**DANA, **more, "properties": {"url": "https://x.example/p"}}))
    assert isinstance(found, Track)
    assert (found.name, found.properties) == (name, {"url": "https://x.example/p"})


def test_a_group_is_a_fact_about_the_person() -> None:
    found = only(ask_segment("group", {**DANA, "groupId": 5, "traits": {"name": "Initech", "id": "other"}}))
    assert isinstance(found, Identify)
    assert found.attributes == {"group": {"name": "Initech", "id": "5"}}


def test_an_alias_joins_the_previous_id_whichever_kind_it_was() -> None:
    found = only(ask_segment("alias", {"previousId": "anon-1", "userId": "u1"}))
    assert isinstance(found, Alias)
    assert (found.identity, found.previous) == (Identity(external_id="u1"), Identity(external_id="anon-1", anonymous_id="anon-1"))


@pytest.mark.parametrize("event", ["Unsubscribe", "user unsubscribed", "UNSUBSCRIBE"])
def test_an_event_that_says_unsubscribe_is_also_an_opt_out(event: str) -> None:
    track, decision = commands_of(ask_segment("track", {**TRACK, "event": event}))
    assert isinstance(track, Track)
    assert isinstance(decision, Decide)
    assert (decision.decision, decision.purpose) == (Decision.WITHDRAW, None)


@pytest.mark.parametrize("event", ["resubscribe", "Subscribed", "Subscription renewed"])
def test_no_event_is_an_opt_in(event: str) -> None:
    assert isinstance(only(ask_segment("track", {**TRACK, "event": event})), Track)


def test_a_refused_category_is_a_withdrawal_and_an_allowed_one_permits_nothing() -> None:
    consent = {"categoryPreferences": {"Advertising": True, "Analytics": False, "Other": "yes"}}
    event, allowed, refusal = commands_of(ask_segment("track", {**TRACK, "context": {"consent": consent}}))
    assert isinstance(event, Track)
    assert isinstance(allowed, Decide)
    assert isinstance(refusal, Decide)
    assert (allowed.decision, allowed.purpose, allowed.evidence) == (Decision.GRANT, "Advertising", {})
    assert (refusal.decision, refusal.purpose) == (Decision.WITHDRAW, "Analytics")


def test_empty_preferences_refuse_everything_and_none_change_nothing() -> None:
    _, decision = commands_of(ask_segment("track", {**TRACK, "context": {"consent": {"categoryPreferences": {}}}}))
    assert isinstance(decision, Decide)
    assert (decision.decision, decision.purpose) == (Decision.WITHDRAW, None)
    for consent in (None, {}, [], "x", {"categoryPreferences": None}, {"categoryPreferences": []}):
        assert only(ask_segment("track", {**TRACK, "context": {"consent": consent}}))


@pytest.mark.parametrize(
    ("options", "add", "remove"),
    [
        ({"Vero": {"tags": {"action": "add", "values": ["a", "", 5, "b", "a"]}}}, ("a", "b"), ()),
        ({"Vero": {"tags": {"id": "u1", "action": "remove", "values": ["a"]}}}, (), ("a",)),
        ({"vero": {"tags": {"add": ["a"], "remove": ["b"]}}}, ("a",), ("b",)),
        ({"All": True, "Vero": {"tags": {"values": ["a"]}}}, ("a",), ()),
    ],
)
def test_tags_for_vero_travel_along(options: Any, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    for body in (batch({**TRACK, "integrations": options}), batch(TRACK, integrations=options)):
        _, edit = commands_of(ask_segment("batch", body))
        assert isinstance(edit, EditTags)
        assert (edit.add, edit.remove) == (add, remove)


@pytest.mark.parametrize(
    "options", [{"All": True}, {"Vero": False}, {"Vero": {"tags": []}}, {"Vero": {"tags": {"values": "a"}}}, "x", 5, {"Vero": {}}]
)
def test_other_integrations_change_nothing(options: Any) -> None:
    assert only(ask_segment("track", {**TRACK, "integrations": options})) == only(ask_segment("track", TRACK))


# 6. De-duplication


def test_the_message_id_is_the_key_for_48_hours_and_without_one_nothing_repeats() -> None:
    found = only(ask_segment("track", {**TRACK, "messageId": "m-1"}))
    assert (found.dedupe, found.dedupe_ms) == ("segment:m-1", 48 * HOUR)
    assert only(ask_segment("track", {**TRACK, "messageId": 5})).dedupe == "segment:5"
    for missing in (None, ""):
        assert only(ask_segment("track", {**TRACK, "messageId": missing})).dedupe is None


# 7. Time

EARLIER, LATER = NOW - 100_000, NOW + 100_000


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, NOW),
        ({"timestamp": EARLIER}, EARLIER),
        ({"originalTimestamp": EARLIER}, EARLIER),
        ({"timestamp": EARLIER, "originalTimestamp": EARLIER + 5_000}, EARLIER),
        ({"timestamp": LATER}, NOW),
        ({"sentAt": LATER}, NOW),
        ({"sentAt": LATER, "timestamp": LATER - 3_000}, NOW - 3_000),
        ({"sentAt": EARLIER, "timestamp": EARLIER - 3_000}, NOW - 3_000),
        ({"sentAt": EARLIER, "timestamp": LATER}, NOW),
        ({"timestamp": 0}, 0),
        ({"timestamp": -1_000_000_000_000}, -1_000_000_000_000),
    ],
)
def test_the_time_of_an_event_corrects_the_clients_clock_and_is_never_in_the_future(times: dict[str, int], expected: int) -> None:
    written = {name: iso(ms) for name, ms in times.items()}
    assert only(ask_segment("track", {**TRACK, **written})).ts == expected


def test_sent_at_of_the_message_counts_more_than_that_of_the_batch() -> None:
    message = {**TRACK, "timestamp": iso(NOW - 10_000)}
    assert only(ask_segment("batch", batch(message, sentAt=iso(NOW - 4_000)))).ts == NOW - 6_000
    assert only(ask_segment("batch", batch({**message, "sentAt": iso(NOW - 1_000)}, sentAt=iso(NOW - 4_000)))).ts == NOW - 9_000
    assert only(ask_segment("batch", batch(TRACK, timestamp=iso(NOW - 4_000)))).ts == NOW


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-23T15:22:18.347+00:00", 1_795_447_338_347),
        ("2026-11-23T15:22:20.925252+00:00", 1_795_447_340_925),
        ("2026-11-23T15:22:18.354Z", 1_795_447_338_354),
        ("2012-12-02T00:30:12.984Z", 1_354_408_212_984),
        ("2026-01-02T03:04:05", 1_767_323_045_000),
        ("2026-01-02", 1_767_312_000_000),
        ("nonsense", NOW),
        (True, NOW),
        ({}, NOW),
        (1e300, NOW),
    ],
)
def test_times_are_read_in_every_format_seen_and_passed_over_when_they_are_none(text: Any, ms: int) -> None:
    assert only(ask_segment("track", {**TRACK, "timestamp": text})).ts == ms


# 8. Batch-level context and integrations


def test_the_context_of_a_batch_is_merged_into_its_messages() -> None:
    shared = {"device": {"token": "T", "type": "ios"}, "traits": {"plan": "pro"}}
    own = {**TRACK, "context": {"traits": {"plan": "free"}, "ip": "x"}}
    first, second = commands_of(ask_segment("batch", batch(TRACK, own, context=shared)))
    assert isinstance(first, Track)
    assert isinstance(second, Track)
    assert (first.attributes, second.attributes) == ({"plan": "pro"}, {"plan": "free"})
    assert first.identity.devices == second.identity.devices == (Device(token="T", platform="ios"),)


# 9. One bad message does not sink its batch

BAD: list[tuple[str, str, str]] = [
    ("5", "invalid_message", "$"),
    ("null", "invalid_message", "$"),
    ("[]", "invalid_message", "$"),
    ("{}", "unknown_type", "$.type"),
    ('{"type":"delete","userId":"u1"}', "unknown_type", "$.type"),
    ('{"type":["track"],"userId":"u1"}', "unknown_type", "$.type"),
    ('{"type":"track","event":"x"}', "missing_identifier", "$.userId"),
    ('{"type":"track","event":"x","userId":""}', "missing_identifier", "$.userId"),
    ('{"type":"alias","anonymousId":"a","previousId":"b"}', "missing_identifier", "$.userId"),
    ('{"type":"alias","userId":"a"}', "missing_identifier", "$.previousId"),
    ('{"type":"group","userId":"a"}', "missing_identifier", "$.groupId"),
    ('{"type":"track","userId":"u1"}', "missing_event", "$.event"),
    ('{"type":"track","userId":"u1","event":5}', "missing_event", "$.event"),
    ('{"type":"track","userId":"u1","event":"%s"}' % ("x" * 255), "invalid_event", "$.event"),
    ('{"type":"track","userId":{},"event":"x"}', "invalid_message", "$.userId"),
    ('{"type":"track","userId":true,"event":"x"}', "invalid_message", "$.userId"),
    ('{"type":"track","userId":"%s","event":"x"}' % ("u" * 255), "invalid_identifier", "$.userId"),
    ('{"type":"track","userId":"u1","event":"x","properties":"secret"}', "invalid_message", "$.properties"),
    ('{"type":"track","userId":"u1","event":"x","properties":[1]}', "invalid_value", "$.properties"),
    ('{"type":"track","userId":"u1","event":"x","context":"secret"}', "invalid_message", "$.context"),
    ('{"type":"identify","userId":"u1","traits":"secret"}', "invalid_message", "$.traits"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"n":9223372036854775808}}', "invalid_value", "$.properties.n"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"n":%s}}' % ("9" * 5_000), "invalid_value", "$.properties.n"),
    ('{"type":"track","userId":99999999999999999999,"event":"x"}', "invalid_value", "$.userId"),
    (r'{"type":"track","userId":"u\u00001","event":"x"}', "invalid_value", "$.userId"),
    (r'{"type":"identify","userId":"u1","context":{"traits":{"a":["\u0000"]}}}', "invalid_value", "$.context.traits.a[0]"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"%s":1}}' % ("k" * 256), "invalid_value", "$.properties.kkk"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"a":"%s"}}' % ("y" * 65_537), "invalid_value", "$.properties.a"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"a":%s}}' % ("[" * 40 + "]" * 40), "invalid_value", "$.properties.a[0]"),
    (
        '{"type":"track","userId":"u1","event":"x","properties":{%s}}' % ",".join(f'"{n}":1' for n in range(1_001)),
        "invalid_value",
        "$.properties",
    ),
    ('{"type":"track","userId":"u1","event":"x","properties":{"a":"%s"}}' % ("y" * 4_200_000), "message_too_large", "$"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"a":NaN,"b":9223372036854775808}}', "invalid_value", "$.properties.b"),
    ('{"type":"track","userId":"u1","event":"x","properties":{"a":NaN,"b":%s}}' % ("[" * 40 + "]" * 40), "invalid_value", "$.properties.b"),
]


@pytest.mark.parametrize(("text", "code", "place"), BAD, ids=[f"{code}-{place}-{n}" for n, (_, code, place) in enumerate(BAD)])
def test_a_bad_message_is_refused_alone_and_named_by_index_code_and_path(text: str, code: str, place: str) -> None:
    good = json.dumps(TRACK)
    work = ask_segment("batch", f'{{"batch":[{good},{text},{good}]}}')
    assert len(commands_of(work)) == 2
    status, answer = told(work)
    assert (status, answer["success"], answer["accepted"]) == (200, True, 2)
    (entry,) = answer["rejected"]
    assert (entry["index"], entry["code"], entry["messageId"]) == (1, code, None)
    assert entry["message"].startswith(place)
    assert "secret" not in entry["message"]


@pytest.mark.parametrize(("text", "code", "place"), [bad for bad in BAD if "_type" not in bad[1]])
def test_a_single_bad_message_is_a_400(text: str, code: str, place: str) -> None:
    kind = next((kind for kind in GOOD if f'"type":"{kind}"' in text), "track")
    status, answer = told(ask_segment(kind, text))
    assert (status, answer["success"], answer["code"]) == (400, False, code)
    assert answer["message"].startswith(place)


def test_a_refused_message_is_named_by_its_id() -> None:
    for bad in (
        {"messageId": "m-9", "type": "x"},
        {"messageId": "m-9", "type": "track", "userId": {}},
        {"messageId": "m-9", "userId": 2**80},
    ):
        _, answer = told(ask_segment("batch", batch(bad)))
        assert (answer["accepted"], answer["rejected"][0]["messageId"]) == (0, "m-9")


def test_a_message_that_is_not_utf8_is_refused_alone() -> None:
    good = json.dumps(TRACK).encode()
    work = ask_segment("batch", b'{"batch":[' + good + b',{"type":"track","userId":"u1","event":"\xff"}]}')
    assert len(commands_of(work)) == 1
    assert told(work)[1]["rejected"][0]["code"] == "invalid_json"


def test_nan_becomes_null_as_javascript_writes_it_and_the_answer_says_so() -> None:
    text = '{"type":"track","userId":"u1","event":"x","messageId":"m","properties":{"a":NaN,"b":[-Infinity,1],"c":1}}'
    good = json.dumps(TRACK)
    for body in (f'{{"batch":[{good},{text}],"sentAt":null}}', f'{{"batch":[{good},{text.replace("NaN", "1e999")}]}}'):
        work = ask_segment("batch", body)
        _, found = commands_of(work)
        assert isinstance(found, Track)
        assert found.properties == {"a": None, "b": [None, 1], "c": 1}
        status, answer = told(work)
        assert (status, answer["success"], answer["accepted"], answer["rejected"]) == (200, True, 2, [])
        (entry,) = answer["repaired"]
        assert (entry["index"], entry["messageId"], entry["code"]) == (1, "m", "repaired_value")
        assert "$.properties.a" in entry["message"]
    assert only(ask_segment("track", text)).properties == {"a": None, "b": [None, 1], "c": 1}


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    for path, body in (
        ("batch", batch({**TRACK, "properties": {"a\ud800": "x\udfff", "ok": "😀"}})),
        ("track", {**TRACK, "event": "x\ud800"}),
    ):
        found = only(ask_segment(path, body))
        assert found.properties in ({"a\ufffd": "x\ufffd", "ok": "😀"}, {})
        found.name.encode()


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("$.userId", {"userId": "u\ud800"}),
        ("$.anonymousId", {"anonymousId": "\udfffu"}),
        ("$.previousId", {"type": "alias", "previousId": "u\ud800"}),
        ("$.messageId", {"messageId": "m\ud800"}),
        ("$.traits.email", {"type": "identify", "traits": {"email": "u\ud800@example.com"}}),
        ("$.context.traits.email", {"context": {"traits": {"email": "u\ud800@example.com"}}}),
        ("$.context.device.token", {"context": {"device": {"type": "ios", "token": "t\ud800"}}}),
    ],
)
def test_a_broken_identifier_is_refused_because_repaired_it_could_be_somebody_elses(place: str, broken: dict[str, Any]) -> None:
    work = ask_segment("batch", batch({**TRACK, **broken}, TRACK))
    assert len(commands_of(work)) == 1
    (entry,) = told(work)[1]["rejected"]
    assert (entry["index"], entry["code"]) == (0, "invalid_identifier")
    assert entry["message"].startswith(f"{place}: ")


@pytest.mark.parametrize("value", ["a\0b", "a\ud800", 2**70, float("nan"), {"k" * 300: 1}])
@pytest.mark.parametrize("place", ["context", "integrations"])
def test_what_a_batch_says_for_all_its_messages_must_be_fit_to_keep(place: str, value: Any) -> None:
    said = {"traits": {"name": value}} if place == "context" else {"Vero": {"tags": value}}
    status, answer = told(ask_segment("batch", batch(TRACK, **{place: said})))
    assert (status, answer["code"]) == (400, "invalid_value")
    assert answer["message"].startswith(f"$.{place}.")


def test_a_bad_message_of_the_wrong_shape_survives_in_a_batch_read_tolerantly() -> None:
    work = ask_segment("batch", '{"batch":[5,{"type":"track","userId":"u1","event":"x","properties":{"a":NaN}},{"type":"alias"}]}')
    assert len(commands_of(work)) == 1
    assert [entry["index"] for entry in told(work)[1]["rejected"]] == [0, 2]


# 10. Sizes


def test_an_event_larger_than_segments_own_limit_is_taken() -> None:
    properties = {f"k{n}": "y" * 1_000 for n in range(500)}
    assert only(ask_segment("track", {**TRACK, "properties": properties})).properties == properties


def test_a_hundred_events_are_a_hundred_commands_in_order() -> None:
    messages = [{**TRACK, "userId": f"u{n}", "messageId": f"m{n}"} for n in range(100)]
    commands = commands_of(ask_segment("batch", batch(*messages)))
    assert [command.identity.external_id for command in commands] == [f"u{n}" for n in range(100)]
