"""Whatever arrives, a wire format answers: it never raises, never repairs silently, never lets through what cannot be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import NOW, SERVER, WRITE, answer_of, keyring
from hypothesis import example, given, settings
from hypothesis import strategies as st

from troth.intake.commands import Command
from troth.intake.json_values import ValueRefused, check_value, has_clean_text, is_small
from troth.intake.wire import segment, vero
from troth.intake.wire.request import Reply, Request, Work
from troth.kernel.json_text import encode

KEYS = st.sampled_from(
    [
        "auth_token",
        "tracking_api_key",
        "id",
        "email",
        "phone_number",
        "new_id",
        "channels",
        "data",
        "changes",
        "add",
        "remove",
        "identity",
        "event_name",
        "extras",
        "check_id",
        "created_at",
        "tags",
        "type",
        "address",
        "platform",
        "batch",
        "writeKey",
        "userId",
        "anonymousId",
        "previousId",
        "groupId",
        "messageId",
        "timestamp",
        "originalTimestamp",
        "sentAt",
        "event",
        "name",
        "category",
        "properties",
        "traits",
        "context",
        "device",
        "token",
        "consent",
        "categoryPreferences",
        "integrations",
        "Vero",
        "values",
        "action",
        "phone",
    ]
)
TEXTS = [
    SERVER,
    WRITE,
    "",
    " ",
    "\0",
    "a\ud800",
    "x" * 300,
    "42",
    "track",
    "identify",
    "dana@example.com",
    "+49170",
    "[1]",
    "{}",
    '{"id":1}',
    "ios",
]
NUMBERS = [2**63, -(2**63) - 1, 10**400, 1e308, float("nan"), float("inf"), -0.0, True, None]
TIMES = ["2026-11-23T15:22:18Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
NASTY = st.sampled_from([*TEXTS, *NUMBERS, *TIMES])
SCALARS = st.one_of(NASTY, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6)),
    max_leaves=25,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=10)
BODIES = st.one_of(
    st.binary(max_size=200),
    VALUES.map(json.dumps).map(str.encode),
    OBJECTS.map(lambda body: json.dumps({"auth_token": SERVER, "writeKey": WRITE, "id": 1, "userId": "u", **body}).encode()),
    st.lists(OBJECTS | VALUES, max_size=5).map(lambda batch: json.dumps({"writeKey": WRITE, "batch": batch}).encode()),
    st.lists(
        st.tuples(st.sampled_from(["id", "data[a]", "data[]", "a[b][", "identity[id]", "add[]", "auth_token"]), st.text(max_size=9)),
        max_size=9,
    ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")),
)
HEADERS = st.dictionaries(st.sampled_from([b"content-type", b"authorization", b"content-encoding"]), st.binary(max_size=30), max_size=3)
QUERIES = st.one_of(
    st.binary(max_size=60), st.sampled_from([b"", b"tracking_api_key=TESTKEY", b"auth_token=TESTTOKEN&id=%00", b"id=%ff", b"a[b]=1"])
)
FUZZ = settings(max_examples=250, deadline=None)


def check_answer(work: Reply | Work) -> None:
    assert isinstance(work, Reply | Work)
    reply = answer_of(work)
    assert isinstance(json.loads(reply.body), dict)
    assert reply.status in (200, 400, 401, 404, 405)
    if isinstance(work, Work):
        for command in work.commands:
            check_command(command)


def check_command(command: Command) -> None:
    """A command holds nothing that the databases could not."""
    for name in command.__struct_fields__:
        value = getattr(command, name)
        if isinstance(value, dict):
            check_value(value, name)
            encode(value).encode()
        elif isinstance(value, str):
            check_value(value, name)
    identity = command.identity
    for text in (identity.external_id, identity.anonymous_id, identity.email, identity.phone):
        check_value(text, "identity")
        assert text is None or 0 < len(text) < 255


@FUZZ
@given(
    path=st.sampled_from([path for path in vero.ENDPOINTS if "." not in path and path[-1] != "/"]),
    method=st.sampled_from(["POST", "PUT", "DELETE"]),
    query=QUERIES,
    headers=HEADERS,
    body=BODIES,
)
@example("/api/v2/users/track", "POST", b"auth_token=TESTTOKEN&id=%00", {}, b"")
@example("/api/v2/users/track", "POST", b"", {}, b"auth_token=TESTTOKEN&id=1&data%5Ba%5D=%00")
def test_the_vero_door_answers_anything(path: str, method: str, query: bytes, headers: dict[bytes, bytes], body: bytes) -> None:
    check_answer(vero.handle(Request(method, path, query, headers, body, NOW), keyring))


@FUZZ
@given(
    path=st.sampled_from(["/v1/batch", "/v1/identify", "/v1/track", "/v1/page", "/v1/group", "/v1/alias", "/v1/m"]),
    headers=HEADERS,
    body=BODIES,
)
@example("/v1/batch", {b"authorization": b"Basic V0s6"}, b'"\\ud800"')
@example("/v1/track", {b"authorization": b"Basic V0s6"}, b'"\\ud800"')
def test_the_segment_door_answers_anything(path: str, headers: dict[bytes, bytes], body: bytes) -> None:
    check_answer(segment.handle(Request("POST", path, b"", headers, body, NOW), keyring))


@FUZZ
@given(messages=st.lists(OBJECTS, max_size=6))
def test_every_message_of_a_batch_is_either_accepted_or_named(messages: list[dict[str, Any]]) -> None:
    body = json.dumps({"batch": messages}).encode()
    work = segment.handle(Request("POST", "/v1/batch", b"", {b"authorization": b"Basic V0s6"}, body, NOW), keyring)
    check_answer(work)
    answer = json.loads(answer_of(work).body)
    if "accepted" in answer:
        assert answer["accepted"] + len(answer["rejected"]) == len(messages)
    elif answer["success"]:
        assert isinstance(work, Work)
        assert len(work.commands) >= len(messages)


CLEAN = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text())
LONG = st.sampled_from(["k" * 255, "k" * 256, 'k"' * 130, "é" * 256, "\\" * 300, "y" * 65_537, "\0", 2**63, 2**63 - 1])


@FUZZ
@given(
    st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["k" * 255, "k" * 256, '"' * 256]), CLEAN | LONG | st.lists(LONG, max_size=2), max_size=8
    )
)
def test_what_the_bytes_prove_clean_passes_the_full_check(value: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
        if has_clean_text(raw) and is_small(raw):
            check_value(json.loads(raw), "$")


@pytest.mark.parametrize("depth", [31, 32, 33, 500])
def test_depth_is_refused_and_never_overflows(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    raw = json.dumps(value).encode()
    if depth <= 32:
        check_value(value, "$")
    else:
        assert not is_small(raw)
        with pytest.raises(ValueRefused, match="nest"):
            check_value(value, "$")
