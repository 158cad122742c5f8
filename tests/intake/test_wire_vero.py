"""The conformance checklist of the Vero door, item by item."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import pytest
from asking import BLIND, BROWSER, NOW, SERVER, WORKSPACE, answer_of, ask_vero, commands_of, only, refused, told

from troth.intake.commands import (
    DROPPED,
    UNKNOWN_PERSON,
    Alias,
    Decide,
    Decision,
    Delete,
    Device,
    EditTags,
    Identify,
    Identity,
    Outcome,
    Track,
)

SUCCESS = b'{"status":200,"message":"Success."}'
DANA = {"id": "42", "email": "dana@example.com"}
EVENT = {"auth_token": SERVER, "identity": DANA, "event_name": "Viewed product"}
METHODS = {
    "users/track": ("POST",),
    "users/edit": ("PUT",),
    "users/reidentify": ("PUT", "POST"),
    "users/unsubscribe": ("POST",),
    "users/resubscribe": ("POST",),
    "users/delete": ("POST", "DELETE"),
    "users/tags/edit": ("PUT",),
    "events/track": ("POST",),
    "notifications/acknowledge": ("POST",),
    "heartbeat": ("GET", "HEAD"),
}
COMPLETE = {
    "auth_token": SERVER,
    **DANA,
    "new_id": "43",
    "changes": {"a": 1},
    "add": ["x"],
    "identity": DANA,
    "event_name": "e",
    "message_data": "opaque",
}


@pytest.mark.parametrize("suffix", ["", ".json", "/", ".json/"])
@pytest.mark.parametrize("path", METHODS)
def test_every_path_answers_with_and_without_json_and_slash(path: str, suffix: str) -> None:
    method = METHODS[path][0]
    assert answer_of(ask_vero(method, path + suffix, COMPLETE)).body == SUCCESS


@pytest.mark.parametrize("path", METHODS)
def test_a_path_takes_its_methods_and_names_them_to_others(path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        reply = answer_of(ask_vero(method, path, COMPLETE))
        if method in METHODS[path]:
            assert reply.status == 200
        else:
            assert reply.status == 405
            assert json.loads(reply.body)["status"] == 405
            assert dict(reply.headers)[b"allow"].decode().split(", ") == list(METHODS[path])


def test_an_unknown_path_is_a_404_in_json() -> None:
    for path in ("users", "users/track/x", "broadcasts", "", "users//track", "users/track.xml"):
        status, body = told(ask_vero("POST", path, COMPLETE))
        assert (status, body["status"]) == (404, 404)


@pytest.mark.parametrize("name", ["auth_token", "tracking_api_key"])
def test_the_token_may_stand_in_json_form_or_query(name: str) -> None:
    without = {"id": "42"}
    for work in (
        ask_vero("POST", "users/unsubscribe", {**without, name: SERVER}),
        ask_vero("POST", "users/unsubscribe", without, query=f"{name}={SERVER}"),
        ask_vero("POST", "users/unsubscribe", without, query=f"x=1&{name}={SERVER}"),
        ask_vero("POST", "users/unsubscribe", f"id=42&{name}={SERVER}", content_type="application/x-www-form-urlencoded"),
        ask_vero("POST", "users/unsubscribe", query=f"id=42&{name}={SERVER}"),
    ):
        assert only(work).workspace_id == WORKSPACE


def test_a_token_that_is_missing_wrong_or_may_not_track_is_a_401_with_integer_status() -> None:
    for token in (None, "", "wrong", BLIND, 5, ["x"], {"a": 1}):
        status, body = told(ask_vero("POST", "users/unsubscribe", {"id": "42", "auth_token": token}))
        assert (status, body["status"]) == (401, 401)
        assert type(body["status"]) is int


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("POST", "users/track", {}, "$.id"),
        ("POST", "users/track", {"id": None, "email": ""}, "$.id"),
        ("POST", "users/track", {"id": "  "}, "$.id"),
        ("PUT", "users/edit", {"id": 1}, "$.changes"),
        ("PUT", "users/edit", {"id": 1, "changes": None}, "$.changes"),
        ("PUT", "users/edit", {"changes": {"a": 1}}, "$.id"),
        ("PUT", "users/reidentify", {"id": 1}, "$.new_id"),
        ("PUT", "users/reidentify", {"new_id": 1}, "$.id"),
        ("POST", "users/unsubscribe", {}, "$.id"),
        ("POST", "users/resubscribe", {}, "$.id"),
        ("POST", "users/delete", {}, "$.id"),
        ("PUT", "users/tags/edit", {"add": ["x"]}, "$.id"),
        ("PUT", "users/tags/edit", {"id": 1}, "$.add"),
        ("PUT", "users/tags/edit", {"id": 1, "add": None, "remove": None}, "$.add"),
        ("POST", "events/track", {"identity": {"id": 1}}, "$.event_name"),
        ("POST", "events/track", {"identity": {"id": 1}, "event_name": ""}, "$.event_name"),
        ("POST", "events/track", {"event_name": "x"}, "$.identity"),
        ("POST", "events/track", {"event_name": "x", "identity": {}}, "$.identity"),
        ("POST", "events/track", {"event_name": "x", "identity": {"name": "Dana"}}, "$.identity.id"),
        ("POST", "events/track", {"event_name": "x", "id": 1}, "$.identity"),
    ],
)
def test_a_missing_parameter_is_a_400_that_names_its_place_even_with_a_bad_token(method: str, path: str, body: dict, place: str) -> None:
    for token in ("wrong", SERVER):
        refused(ask_vero(method, path, {**body, "auth_token": token}), 400, place)


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("users/track", {"id": [1]}, "$.id"),
        ("users/track", {"id": True}, "$.id"),
        ("users/track", {"id": {"a": "b"}}, "$.id"),
        ("users/track", {"id": "x" * 255}, "$.id"),
        ("users/track", {"id": 10**30}, "$.id"),
        ("users/track", {"email": "dana"}, "$.email"),
        ("users/track", {"email": "dana@"}, "$.email"),
        ("users/track", {"email": "@example.com"}, "$.email"),
        ("users/track", {"email": "dana@x@example.com"}, "$.email"),
        ("users/track", {"email": "dana smith@example.com"}, "$.email"),
        ("users/track", {"email": "dana@example.com\n"}, None),
        ("users/track", {"email": "da\nna@example.com"}, "$.email"),
        ("users/track", {"email": "d" * 250 + "@example.com"}, "$.email"),
        ("users/track", {"email": 5}, "$.email"),
        ("users/track", {"id": 1, "email": "nobody"}, "$.email"),
        ("users/track", {"id": 1, "phone_number": "0170 1234"}, "$.phone_number"),
        ("users/track", {"id": 1, "data": "text"}, "$.data"),
        ("users/track", {"id": 1, "data": [1]}, "$.data"),
        ("users/track", {"id": 1, "data": {"email": "nobody"}}, "$.data.email"),
        ("users/track", {"id": 1, "channels": "push"}, "$.channels"),
        ("users/track", {"id": 1, "channels": [1]}, "$.channels[0]"),
        ("events/track", {"identity": 5, "event_name": "x"}, "$.identity"),
        ("events/track", {"identity": {"id": 1, "email": "nobody"}, "event_name": "x"}, "$.identity.email"),
        ("events/track", {"identity": {"id": 1}, "event_name": "x" * 255}, "$.event_name"),
        ("events/track", {"identity": {"id": 1}, "event_name": ["x"]}, "$.event_name"),
        ("events/track", {"identity": {"id": 1}, "event_name": "x", "data": 5}, "$.data"),
        ("events/track", {"identity": {"id": 1}, "event_name": "x", "extras": {"created_at": "yesterday"}}, "$.extras.created_at"),
        ("events/track", {"identity": {"id": 1}, "event_name": "x", "extras": {"created_at": {}}}, "$.extras.created_at"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_its_place_and_not_the_value(path: str, body: dict, place: str | None) -> None:
    reply = ask_vero("POST", path, {**body, "auth_token": SERVER})
    if place is None:
        assert commands_of(reply)
        return
    refused(reply, 400, f"{place}: ")
    for secret in (b"nobody", b"dana", b"0170", b"yesterday"):
        assert secret not in answer_of(reply).body


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (EVENT, "application/json"),
        (EVENT, "application/json; charset=utf-8"),
        (EVENT, "application/json; encoding=utf-8"),
        (EVENT, "APPLICATION/JSON"),
        (EVENT, None),
        (EVENT, "text/plain"),
        (EVENT, "application/x-www-form-urlencoded"),
        (b"\r\n  " + json.dumps(EVENT).encode(), None),
        (
            f'auth_token={SERVER}&identity={{"id": "42", "email": "dana@example.com"}}&event_name=Viewed product',
            "application/x-www-form-urlencoded",
        ),
        (
            f"auth_token={SERVER}&identity={quote_plus(json.dumps(DANA))}&event_name=Viewed+product",
            "application/x-www-form-urlencoded",
        ),
        (f"auth_token={SERVER}&identity[id]=42&identity[email]=dana@example.com&event_name=Viewed product", None),
        ({**EVENT, "identity": json.dumps(DANA), "data": "{}", "extras": ""}, "application/json"),
    ],
)
def test_every_encoding_of_an_event_means_the_same(body: object, content_type: str | None) -> None:
    found = only(ask_vero("POST", "events/track", body, content_type=content_type))
    assert found == only(ask_vero("POST", "events/track", EVENT))


def test_everything_may_stand_in_the_query_of_a_post() -> None:
    query = f"auth_token={SERVER}&identity={quote_plus(json.dumps(DANA))}&event_name=Viewed%20product&data=%7B%22p%22%3A1%7D"
    for content_type in (None, "application/json", "application/x-www-form-urlencoded"):
        found = only(ask_vero("POST", "events/track", b"", query=query, content_type=content_type))
        assert (found.name, found.properties) == ("Viewed product", {"p": 1})


def test_rails_brackets_nest_and_list() -> None:
    form = "tracking_api_key=TESTKEY&id=42&data[a][b]=1&data[c]=d&channels[][type]=push&channels[][address]=T&channels[][platform]=ios"
    found = only(ask_vero("POST", "users/track", form + "&channels[][type]=sms", content_type="application/x-www-form-urlencoded"))
    assert found.attributes == {"a": {"b": "1"}, "c": "d"}
    assert found.identity.devices == (Device(token="T", platform="ios"),)
    tags = only(ask_vero("PUT", "users/tags/edit", "auth_token=TESTTOKEN&id=42&add[]=a&add[]=b&remove[]=c", content_type=None))
    assert (tags.add, tags.remove) == (("a", "b"), ("c",))


@pytest.mark.parametrize(
    "form", ["data=x&data[a]=1", "data[a]=1&data[a][b]=2", "data[]=1&data[a]=2", "data[=1", "[a]=1", "data[a]b=1", "a[][]=1"]
)
def test_brackets_that_contradict_each_other_are_answered(form: str) -> None:
    assert answer_of(ask_vero("POST", "users/track", f"auth_token={SERVER}&id=1&{form}", content_type=None)).status in (200, 400)


def test_a_body_that_is_cut_or_no_json_is_a_400() -> None:
    whole = json.dumps({**EVENT, "data": {"name": "Müller"}}, ensure_ascii=False).encode()
    for body in (
        whole[:-1],
        whole[: whole.index("ü".encode()) + 1],
        b"{",
        b'{"a":1}x',
        b"{]",
        b"\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b'{"a":1e999}',
    ):
        refused(ask_vero("POST", "events/track", body), 400, "$")
    for body in (b"[1]", b'"text"', b"5", b"null"):
        refused(ask_vero("POST", "events/track", body), 400, "object")
    refused(ask_vero("POST", "events/track", b"[" * 5_000), 400)
    refused(ask_vero("POST", "events/track", b'{"a":' * 5_000), 400, "nests")
    refused(ask_vero("POST", "events/track", b"id=%ff", content_type=None), 400, "UTF-8")
    refused(ask_vero("POST", "events/track", b"id=\xff", content_type=None), 400, "UTF-8")
    refused(ask_vero("POST", "events/track", b"a=1&" * 1_001, content_type=None), 400, "fields")


def test_text_that_should_be_json_and_is_not_is_a_400_that_names_its_place() -> None:
    refused(ask_vero("POST", "events/track", {**EVENT, "data": '{"p":'}), 400, "$.data: must be JSON")
    refused(ask_vero("PUT", "users/tags/edit", {"auth_token": SERVER, "id": 1, "add": "[" * 3_000}), 400, "$.add")


def test_a_number_and_its_decimal_string_are_one_id() -> None:
    for given in (42, "42", 42.0):
        assert only(ask_vero("POST", "users/unsubscribe", {"auth_token": SERVER, "id": given})).identity == Identity(external_id="42")
    assert only(ask_vero("POST", "users/unsubscribe", {"auth_token": SERVER, "id": 0})).identity == Identity(external_id="0")


def test_null_and_empty_mean_absent() -> None:
    body = {"auth_token": SERVER, "id": 1, "email": None, "phone_number": "", "channels": [], "data": None, "extras": None}
    assert only(ask_vero("POST", "users/track", body)) == Identify(
        workspace_id=WORKSPACE, identity=Identity(external_id="1"), source="vero", received_at=NOW
    )
    event = only(ask_vero("POST", "events/track", {**EVENT, "data": None, "extras": None}))
    assert (event.properties, event.ts) == ({}, NOW)
    assert only(ask_vero("POST", "users/track", {**body, "data": []})).attributes == {}


def test_unknown_keys_are_ignored() -> None:
    known = only(ask_vero("POST", "events/track", EVENT))
    assert only(ask_vero("POST", "events/track", {**EVENT, "development_mode": True, "email": "x", "foo": {"bar": [1]}})) == known


def test_empty_and_repeated_tags_are_dropped() -> None:
    body = {"auth_token": SERVER, "id": "1", "add": ["", "", "a", "b", "a", None, 7], "remove": None}
    found = only(ask_vero("PUT", "users/tags/edit", body))
    assert (found.add, found.remove) == (("a", "b", "7"), ())
    assert only(ask_vero("PUT", "users/tags/edit", {**body, "add": '"one"'})).add == ("one",)


def test_applying_the_tag_unsubscribed_is_an_opt_out() -> None:
    edit, decision = commands_of(ask_vero("PUT", "users/tags/edit", {"auth_token": SERVER, "id": "1", "add": ["unsubscribed"]}))
    assert isinstance(edit, EditTags)
    assert isinstance(decision, Decide)
    assert (decision.decision, decision.purpose) == (Decision.WITHDRAW, None)
    assert isinstance(only(ask_vero("PUT", "users/tags/edit", {"auth_token": SERVER, "id": "1", "remove": ["unsubscribed"]})), EditTags)


def test_tags_among_the_data_are_tags() -> None:
    identify, edit = commands_of(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "data": {"tags": ["a", ""], "age": 3}}))
    assert isinstance(identify, Identify)
    assert identify.attributes == {"age": 3}
    assert isinstance(edit, EditTags)
    assert edit.add == ("a",)
    changes = {"auth_token": SERVER, "id": 1, "changes": {"tags": ["unsubscribed"]}}
    assert [type(command) for command in commands_of(ask_vero("PUT", "users/edit", changes))] == [Identify, EditTags, Decide]


@pytest.mark.parametrize("as_list", [True, False])
def test_channels_are_a_list_or_one_object(as_list: bool) -> None:
    channel = {"type": "push", "address": "TOKEN", "platform": "Android", "device": "Pixel"}
    found = only(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "channels": [channel] if as_list else channel}))
    assert found.identity.devices == (Device(token="TOKEN", platform="android"),)


def test_channels_that_cannot_be_sent_to_are_left_out() -> None:
    channels = [
        {"type": "push", "address": "T", "platform": "toaster"},
        {"type": "push", "address": "", "platform": "ios"},
        {"type": "push", "address": 5, "platform": "ios"},
        {"type": "email", "address": "T", "platform": "ios"},
        {"type": "push", "address": "T"},
        {},
    ]
    assert only(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "channels": channels})).identity.devices == ()


def test_address_and_number_in_the_data_identify_when_none_stands_beside_the_id() -> None:
    data = {"email": "dana@example.com", "phone": "+49 170 1234567", "id": 5, "age": 30, "_user_type": "User"}
    found = only(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "data": data}))
    assert found.identity == Identity(external_id="1", email="dana@example.com", phone="+49 170 1234567")
    assert found.attributes == {"age": 30}
    found = only(
        ask_vero("POST", "users/track", {"auth_token": SERVER, "email": "top@example.com", "phone_number": "+491701", "data": data})
    )
    assert found.identity == Identity(email="top@example.com", phone="+491701")
    assert only(ask_vero("POST", "users/track", {"auth_token": SERVER, "data": data})).identity.external_id is None


def test_a_number_without_country_code_identifies_nobody_and_stays_a_fact() -> None:
    found = only(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "data": {"phone": "0170 1234567", "phone_number": None}}))
    assert found.identity.phone is None
    assert found.attributes == {"phone": "0170 1234567"}


def test_other_keys_of_an_events_identity_are_facts_about_the_person() -> None:
    identity = {**DANA, "first_name": "Dana", "_user_type": "User", "phone": "+49170123"}
    found = only(ask_vero("POST", "events/track", {**EVENT, "identity": identity}))
    assert found.attributes == {"first_name": "Dana"}
    assert found.identity == Identity(external_id="42", email="dana@example.com", phone="+49170123")


def test_edit_creates_nobody_and_null_removes_a_fact() -> None:
    found = only(
        ask_vero("PUT", "users/edit", {"auth_token": SERVER, "email": "dana@example.com", "changes": {"first name": "D", "age": None}})
    )
    assert (found.create, found.attributes) == (False, {"first name": "D", "age": None})
    assert found.identity == Identity(email="dana@example.com")


def test_reidentify_keeps_the_new_id_and_names_the_old_one() -> None:
    for method in ("PUT", "POST"):
        found = only(ask_vero(method, "users/reidentify", {"auth_token": SERVER, "id": 123, "new_id": "456"}))
        assert isinstance(found, Alias)
        assert (found.identity, found.previous) == (Identity(external_id="456"), Identity(external_id="123"))


def test_unsubscribe_withdraws_and_resubscribe_permits_nothing() -> None:
    out = only(ask_vero("POST", "users/unsubscribe", {"auth_token": SERVER, "id": None, "email": "dana@example.com"}))
    assert (out.decision, out.purpose, out.method) == (Decision.WITHDRAW, None, "api")
    back = only(ask_vero("POST", "users/resubscribe", {"auth_token": SERVER, "id": 1, "email": None}))
    assert (back.decision, back.purpose, back.evidence) == (Decision.GRANT, None, {})


def test_a_server_key_deletes_and_a_key_that_browsers_see_only_asks() -> None:
    assert only(ask_vero("POST", "users/delete", {"auth_token": SERVER, "id": 1})).confirmed
    assert only(ask_vero("DELETE", "users/delete", {"auth_token": SERVER, "id": 1})).confirmed
    found = only(ask_vero("POST", "users/delete", {"id": 1}, query=f"tracking_api_key={BROWSER}"))
    assert isinstance(found, Delete)
    assert not found.confirmed


def test_whatever_the_door_decides_the_answer_is_the_same() -> None:
    work = ask_vero("POST", "events/track", EVENT)
    for status in (DROPPED, UNKNOWN_PERSON):
        assert answer_of(work, [Outcome(status=status)]).body == SUCCESS


def test_a_push_receipt_is_acknowledged_and_not_kept() -> None:
    work = ask_vero(
        "POST", "notifications/acknowledge", f"auth_token={SERVER}&message_data=x", content_type="application/x-www-form-urlencoded"
    )
    assert commands_of(work) == []
    assert answer_of(work).body == SUCCESS


@pytest.mark.parametrize(
    ("created_at", "ms"),
    [
        ("2023-05-30T04:46:31+0000", 1_685_421_991_000),
        ("2023-05-30T06:46:31+02:00", 1_685_421_991_000),
        ("2026-11-23T13:59:29.852Z", 1_795_442_369_852),
        (1_685_421_991, 1_685_421_991_000),
        (1_685_421_991.5, 1_685_421_991_500),
        ("1685421991", 1_685_421_991_000),
        (None, NOW),
        ("", NOW),
        ("2099-01-01T00:00:00Z", NOW),
        (4_070_908_800, NOW),
    ],
)
def test_created_at_has_three_formats_and_is_never_in_the_future(created_at: object, ms: int) -> None:
    assert only(ask_vero("POST", "events/track", {**EVENT, "extras": {"created_at": created_at}})).ts == ms


def dedupe(**changed: object) -> object:
    found: Track = only(ask_vero("POST", "events/track", {**EVENT, **changed}))
    assert found.dedupe_ms == 300_000
    assert isinstance(found.dedupe, bytes)
    assert found.dedupe.startswith(b"vero:")
    return found.dedupe


def test_equal_events_have_equal_keys_for_five_minutes() -> None:
    assert dedupe() == dedupe(event_name="viewed_PRODUCT") == dedupe(data={}) == dedupe(identity={"id": 42})
    assert dedupe() == dedupe(event_name="Viewed-product", extras={"created_at": 1, "source": "x"})
    assert dedupe(data={"a": 1, "b": [2]}) == dedupe(data={"b": [2], "a": 1}, extras={"check_id": 5})
    assert dedupe(extras={"check_id": 5}) == dedupe(check_id="5")
    assert dedupe(identity={"id": 42}) == dedupe(identity={"id": "42"})
    assert dedupe(identity={"email": "Dana@example.com"}) == dedupe(identity={"email": "dana@example.com"})


def test_different_events_have_different_keys() -> None:
    keys = [
        dedupe(),
        dedupe(event_name="x"),
        dedupe(identity={"id": 43}),
        dedupe(identity={"email": "dana@example.com"}),
        dedupe(data={"a": 1}),
        dedupe(data={"a": "1"}),
        dedupe(data={"check": "5"}),
        dedupe(extras={"check_id": 5}),
        dedupe(extras={"check_id": 6}),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("value", "place", "why"),
    [
        ({"x": 2**63}, "$.data.x", "64 bit"),
        ({"x": -(2**63) - 1}, "$.data.x", "64 bit"),
        ({"x": [1, "a\0b"]}, "$.data.x[1]", "NUL"),
        ({"a\0b": 1}, "$.data.a?b", "NUL"),
        ({"x": "y" * 65_537}, "$.data.x", "65536"),
        ({"k" * 256: 1}, "$.data.kkk", "255"),
        ({'k"' * 128: 1}, "$.data.k", "255"),
        ({str(n): n for n in range(1_001)}, "$.data", "1000 keys"),
        ({"x": json.loads("[" * 32 + "]" * 32)}, "$.data.x[0]", "nest"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_path(value: object, place: str, why: str) -> None:
    refused(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "data": value}), 400, place, why)
    refused(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "data": json.dumps(value)}), 400, place, why)
    form = f"auth_token={SERVER}&id=1&data={quote_plus(json.dumps(value))}"
    refused(ask_vero("POST", "users/track", form, content_type="application/x-www-form-urlencoded"), 400, place, why)


def test_what_can_just_be_kept_is_kept() -> None:
    data = {
        "largest": 2**63 - 1,
        "smallest": -(2**63),
        "text": "y" * 65_536,
        "k" * 255: '👩‍👩‍👧 \u202e \\u0000 "quoted"',
        "deep": json.loads("[" * 31 + "]" * 31),
        "many": {str(n): n for n in range(1_000)},
    }
    assert only(ask_vero("POST", "users/track", {"auth_token": SERVER, "id": 1, "data": data})).attributes == data
