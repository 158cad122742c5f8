"""Requests that the real Vero clients sent, byte for byte, and what each must become."""

from __future__ import annotations

from typing import Any

import pytest
from asking import NOW, SERVER, WORKSPACE, answer_of, ask_vero, commands_of

from troth.intake.commands import Alias, Command, Decide, Decision, Delete, Device, EditTags, Identify, Identity, Track

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
QUERY = "tracking_api_key=TESTKEY"


def who(external_id: str | None = None, **more: Any) -> dict[str, Any]:
    identity = Identity(external_id=external_id, **more)
    return {"workspace_id": WORKSPACE, "source": "vero", "received_at": NOW, "identity": identity}


def identify(who: dict[str, Any], **attributes: Any) -> Identify:
    return Identify(**who, attributes=attributes)


def edit(who: dict[str, Any], **attributes: Any) -> Identify:
    return Identify(**who, attributes=attributes, create=False)


def alias(old: str, new: str) -> Alias:
    return Alias(**who(new), previous=Identity(external_id=old))


def tags(who: dict[str, Any], add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> EditTags:
    return EditTags(**who, add=add, remove=remove)


def opt_out(who: dict[str, Any]) -> Decide:
    return Decide(**who, decision=Decision.WITHDRAW)


def opt_in(who: dict[str, Any]) -> Decide:
    return Decide(**who, decision=Decision.GRANT)


def track(who: dict[str, Any], name: str, ts: int = NOW, attributes: dict[str, Any] | None = None, **properties: Any) -> Track:
    return Track(**who, name=name, ts=ts, properties=properties, attributes=attributes or {}, dedupe_ms=300_000)


def delete(external_id: str, *, confirmed: bool) -> Delete:
    return Delete(**who(external_id), confirmed=confirmed)


JANE = {"email": "jane@example.com"}
JAMES = {"email": "james@getvero.com"}
JEFF = {"email": "jeff@yourdomain.com"}
A = {"email": "a@example.com"}
READER = {"language": "en-AU", "timezone": 0, "ianaTimezone": "UTC", "userAgent": "UA/1.0"}

PYTHON: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "users/track",
        '{"auth_token": "TESTTOKEN", "id": 42, "email": "jane@example.com", "data": {"full_name": "Jane Doe", "age": 30}}',
        identify(who("42", **JANE), full_name="Jane Doe", age=30),
    ),
    ("POST", "users/track", '{"auth_token": "TESTTOKEN", "id": "42", "email": null, "data": {}}', identify(who("42"))),
    (
        "PUT",
        "users/edit",
        '{"auth_token": "TESTTOKEN", "id": 42, "changes": {"first name": "Jane"}}',
        edit(who("42"), **{"first name": "Jane"}),
    ),
    ("PUT", "users/reidentify", '{"auth_token": "TESTTOKEN", "id": 42, "new_id": 43}', alias("42", "43")),
    ("PUT", "users/tags/edit", '{"auth_token": "TESTTOKEN", "id": 43, "add": ["blue", "red"]}', tags(who("43"), ("blue", "red"))),
    ("PUT", "users/tags/edit", '{"auth_token": "TESTTOKEN", "id": 43, "remove": ["red"]}', tags(who("43"), (), ("red",))),
    ("POST", "users/unsubscribe", '{"auth_token": "TESTTOKEN", "id": 43}', opt_out(who("43"))),
    ("POST", "users/resubscribe", '{"auth_token": "TESTTOKEN", "id": 43}', opt_in(who("43"))),
    (
        "POST",
        "events/track",
        (
            '{"auth_token": "TESTTOKEN", "event_name": "Visited Website", "identity": {"id": 43, "email": "jane@example.com"},\n'
            ' "data": {"visited": "front page"}}'
        ),
        track(who("43", **JANE), "Visited Website", visited="front page"),
    ),
    (
        "POST",
        "events/track",
        '{"auth_token": "TESTTOKEN", "event_name": "Visited Website", "identity": {"id": 43, "email": null}, "data": {}}',
        track(who("43"), "Visited Website"),
    ),
    ("DELETE", "users/delete", '{"auth_token": "TESTTOKEN", "id": 43}', delete("43", confirmed=True)),
]

RUBY: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "users/track.json",
        '{"id":123,"email":"james@getvero.com","data":{"age":25},"tracking_api_key":"TESTKEY"}',
        identify(who("123", **JAMES), age=25),
    ),
    (
        "POST",
        "users/track.json",
        (
            '{"id":7,"email":"james@getvero.com","data":{"id":7,"email":"james@getvero.com","age":25,"_user_type":"User"},'
            '"tracking_api_key":"TESTKEY"}'
        ),
        identify(who("7", **JAMES), age=25),
    ),
    ("PUT", "users/edit.json", '{"id":123,"changes":{"age":26},"tracking_api_key":"TESTKEY"}', edit(who("123"), age=26)),
    (
        "PUT",
        "users/tags/edit.json",
        '{"id":123,"add":["awesome"],"remove":[],"tracking_api_key":"TESTKEY"}',
        tags(who("123"), ("awesome",)),
    ),
    (
        "PUT",
        "users/tags/edit.json",
        '{"id":123,"email":"james@getvero.com","add":["awesome"],"remove":[],"tracking_api_key":"TESTKEY"}',
        tags(who("123", **JAMES), ("awesome",)),
    ),
    (
        "PUT",
        "users/reidentify.json",
        '{"id":123,"new_id":"honeybadger@getvero.com","tracking_api_key":"TESTKEY"}',
        alias("123", "honeybadger@getvero.com"),
    ),
    ("POST", "users/unsubscribe.json", '{"email":"james@getvero.com","tracking_api_key":"TESTKEY"}', opt_out(who(**JAMES))),
    ("POST", "users/unsubscribe.json", '{"id":123,"email":"james@getvero.com","tracking_api_key":"TESTKEY"}', opt_out(who("123", **JAMES))),
    ("POST", "users/resubscribe.json", '{"id":123,"tracking_api_key":"TESTKEY"}', opt_in(who("123"))),
    (
        "POST",
        "events/track.json",
        (
            '{"event_name":"test_event","data":{"date":"2013-02-12 16:17"},\n'
            ' "identity":{"id":123,"email":"james@getvero.com"},"tracking_api_key":"TESTKEY"}'
        ),
        track(who("123", **JAMES), "test_event", date="2013-02-12 16:17"),
    ),
    ("POST", "users/delete.json", '{"id":123,"tracking_api_key":"TESTKEY"}', delete("123", confirmed=False)),
    (
        "POST",
        "events/track.json",
        (
            '{"data":{"id":1,"name":"C"},"event_name":"new_contest_created",\n'
            ' "identity":{"id":7,"email":"u7@example.com","first_name":"James","_user_type":"User"},"extras":{},"tracking_api_key":"TESTKEY"}'
        ),
        Track(
            **who("7", email="u7@example.com"),
            name="new_contest_created",
            ts=NOW,
            properties={"id": 1, "name": "C"},
            attributes={"first_name": "James"},
            dedupe_ms=300_000,
        ),
    ),
]

PHP: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "users/track.json",
        '{"auth_token":"TESTTOKEN","id":"1234567890","data":{"First name":"Jeff"},"email":"jeff@yourdomain.com"}',
        identify(who("1234567890", **JEFF), **{"First name": "Jeff"}),
    ),
    (
        "POST",
        "users/track.json",
        '{"auth_token":"TESTTOKEN","id":"1234567890","data":null,"email":"jeff@yourdomain.com"}',
        identify(who("1234567890", **JEFF)),
    ),
    (
        "PUT",
        "users/edit.json",
        '{"auth_token":"TESTTOKEN","id":"1234567890","changes":{"job_title":"Developer"}}',
        edit(who("1234567890"), job_title="Developer"),
    ),
    (
        "PUT",
        "users/tags/edit.json",
        '{"auth_token":"TESTTOKEN","id":"1234567890","add":["Blog reader"],"remove":[]}',
        tags(who("1234567890"), ("Blog reader",)),
    ),
    ("PUT", "users/reidentify.json", '{"auth_token":"TESTTOKEN","id":"1234567890","new_id":"999"}', alias("1234567890", "999")),
    ("POST", "users/unsubscribe.json", '{"auth_token":"TESTTOKEN","id":null,"email":"jeff@yourdomain.com"}', opt_out(who(**JEFF))),
    ("POST", "users/unsubscribe.json", '{"auth_token":"TESTTOKEN","id":"999","email":null}', opt_out(who("999"))),
    ("POST", "users/resubscribe.json", '{"auth_token":"TESTTOKEN","id":"999","email":null}', opt_in(who("999"))),
    (
        "POST",
        "events/track.json",
        (
            '{"auth_token":"TESTTOKEN","identity":{"id":"999"},"event_name":"Subscribe to service",\n'
            ' "data":{"Plan name":"XL Plan","Price":149},"extras":null}'
        ),
        track(who("999"), "Subscribe to service", **{"Plan name": "XL Plan", "Price": 149}),
    ),
    (
        "POST",
        "events/track.json",
        '{"auth_token":"TESTTOKEN","identity":{"id":"999"},"event_name":"Subscribe to service","data":null,"extras":null}',
        track(who("999"), "Subscribe to service"),
    ),
]

GO: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "users/track.json",
        '{"auth_token":"TESTTOKEN","id":"1337","email":"a@example.com","data":{"pi":3.14}}',
        identify(who("1337", **A), pi=3.14),
    ),
    ("POST", "users/track.json", '{"auth_token":"TESTTOKEN","id":"1337"}', identify(who("1337"))),
    ("PUT", "users/reidentify.json", '{"auth_token":"TESTTOKEN","id":"13548","new_id":"786543245"}', alias("13548", "786543245")),
    ("POST", "users/unsubscribe.json", '{"auth_token":"TESTTOKEN","id":"1337"}', opt_out(who("1337"))),
    ("POST", "users/resubscribe.json", '{"auth_token":"TESTTOKEN","id":"1337"}', opt_in(who("1337"))),
    (
        "PUT",
        "users/tags/edit.json",
        '{"auth_token":"TESTTOKEN","id":"1337","add":["","","a","b"],"remove":null}',
        tags(who("1337"), ("a", "b")),
    ),
    ("PUT", "users/tags/edit.json", '{"auth_token":"TESTTOKEN","id":"1337","add":null,"remove":["a"]}', tags(who("1337"), (), ("a",))),
    (
        "POST",
        "events/track.json",
        (
            '{"auth_token":"TESTTOKEN","identity":{"id":"1337","email":"a@example.com"},"event_name":"item sold",\n'
            ' "data":{"q":1},"extras":{"source":"go"}}'
        ),
        track(who("1337", **A), "item sold", q=1),
    ),
    (
        "POST",
        "events/track.json",
        '{"auth_token":"TESTTOKEN","identity":{"id":"1337","email":"a@example.com"},"event_name":"item sold"}',
        track(who("1337", **A), "item sold"),
    ),
    ("POST", "users/delete.json", '{"auth_token":"TESTTOKEN","id":"1337"}', delete("1337", confirmed=True)),
]

N8N: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "users/track",
        '{"id":"1","email":"a@b.c","data":{"first_name":"J"},"auth_token":"TESTTOKEN"}',
        identify(who("1", email="a@b.c"), first_name="J"),
    ),
    ("PUT", "users/tags/edit", r'{"id":"1","add":"[\"a\",\"b\"]","auth_token":"TESTTOKEN"}', tags(who("1"), ("a", "b"))),
    (
        "POST",
        "events/track",
        (
            r'{"identity":{"id":"1","email":"a@b.c"},"event_name":"Viewed product","email":"a@b.c",'
            "\n"
            r' "data":"{\"p\":1}","extras":"{\"source\":\"n8n\"}","auth_token":"TESTTOKEN"}'
        ),
        track(who("1", email="a@b.c"), "Viewed product", p=1),
    ),
    ("POST", "users/delete", '{"id":"1","auth_token":"TESTTOKEN"}', delete("1", confirmed=True)),
    (
        "PUT",
        "users/tags/edit",
        """{"id":"1","add":"[\\"chewbacca\\", \\"han\\"]","auth_token":"TESTTOKEN"}""",
        tags(who("1"), ("chewbacca", "han")),
    ),
]

BROWSER: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "users/track",
        (
            '{"id":"1000","email":"test@example.com",\n'
            ' "channels":[{"type":"push","address":"UNIQUE_DEVICE_TOKEN","platform":"android"}],"data":{"first_name":"Damien","age":30}}'
        ),
        identify(
            who("1000", email="test@example.com", devices=(Device(token="UNIQUE_DEVICE_TOKEN", platform="android"),)),
            first_name="Damien",
            age=30,
        ),
    ),
    (
        "POST",
        "users/track",
        '{"id":"1000","email":"test@example.com","channels":[],"data":{}}',
        identify(who("1000", email="test@example.com")),
    ),
    ("PUT", "users/reidentify", '{"id":"1001","new_id":"1002"}', alias("1001", "1002")),
    ("POST", "users/unsubscribe", '{"id":"1002"}', opt_out(who("1002"))),
    ("POST", "users/resubscribe", '{"id":"1002"}', opt_in(who("1002"))),
    ("PUT", "users/tags/edit", '{"id":"1002","add":["x"],"remove":["y"]}', tags(who("1002"), ("x",), ("y",))),
    (
        "POST",
        "events/track",
        (
            '{"identity":{"id":"1002","email":"b@example.com"},"event_name":"Viewed product","data":{"p":1},\n'
            ' "extras":{"source":"Segment.com","created_at":"2023-05-30T04:46:31+0000","vero_conv":"abc123"}}'
        ),
        track(who("1002", email="b@example.com"), "Viewed product", ts=1_685_421_991_000, p=1),
    ),
    (
        "POST",
        "events/track",
        '{"identity":{"id":"1002"},"event_name":"Viewed product","data":{},"extras":{"created_at":"2026-11-23T13:59:29.852Z"}}',
        track(who("1002"), "Viewed product", ts=1_795_442_369_852),
    ),
    ("POST", "users/delete", '{"id":"1002"}', delete("1002", confirmed=False)),
    (
        "POST",
        "users/track",
        (
            '{"id":"1000","email":"test@example.com","channels":[],\n'
            ' "data":{"language":"en-AU","timezone":0,"ianaTimezone":"UTC","userAgent":"UA/1.0"}}'
        ),
        identify(who("1000", email="test@example.com"), **READER),
    ),
    (
        "POST",
        "events/track",
        (
            '{"identity":{"id":"1000","email":"test@example.com"},"event_name":"Visited site",\n'
            ' "data":{"language":"en-AU","timezone":0,"ianaTimezone":"UTC","userAgent":"UA/1.0"},\n'
            ' "extras":{"source":"shop.example.com","created_at":"2026-11-23T14:01:30.089Z","vero_conv":"CONV123"}}'
        ),
        track(who("1000", email="test@example.com"), "Visited site", ts=1_795_442_490_089, **READER),
    ),
]

CURL: list[tuple[str, str, str, Command]] = [
    (
        "POST",
        "events/track",
        'auth_token=TESTTOKEN&identity={"id": 1234, "email": "john@smith.com"}&event_name=Viewed product&data={"product_name": "Red T-shirt"}',
        track(who("1234", email="john@smith.com"), "Viewed product", product_name="Red T-shirt"),
    ),
    ("PUT", "users/tags/edit", 'auth_token=TESTTOKEN&id=1234&add=["prospect"]&remove=[]', tags(who("1234"), ("prospect",))),
    ("POST", "users/reidentify", "auth_token=TESTTOKEN&id=123&new_id=456", alias("123", "456")),
]

SENT = [
    *((JSON, "", *request) for request in (*PYTHON, *RUBY, *PHP, *GO, *N8N)),
    *((JSON, QUERY, *request) for request in BROWSER),
    *((FORM, "", *request) for request in CURL),
]


def without_dedupe(command: Command) -> Command:
    """The key of an event is tested by what it tells apart, not by its form."""
    if not isinstance(command, Track):
        return command
    assert command.dedupe
    return Track(**{name: getattr(command, name) for name in Track.__struct_fields__ if name != "dedupe"})


@pytest.mark.parametrize(("content_type", "query", "method", "path", "body", "expected"), SENT)
def test_a_captured_request_becomes_its_command(
    content_type: str, query: str, method: str, path: str, body: str, expected: Command
) -> None:
    work = ask_vero(method, path, body, query=query, content_type=content_type)
    assert [without_dedupe(command) for command in commands_of(work)] == [expected]
    assert answer_of(work).body == b'{"status":200,"message":"Success."}'


def test_the_heartbeat_needs_neither_key_nor_body() -> None:
    assert answer_of(ask_vero("GET", "heartbeat", b"", content_type=None)).body == b'{"status":200,"message":"Success."}'


def test_the_legacy_token_of_108_characters_is_a_token_like_any_other() -> None:
    assert answer_of(ask_vero("POST", "users/unsubscribe", {"auth_token": "QQ" * 54, "id": 1})).status == 401
    assert answer_of(ask_vero("POST", "users/unsubscribe", {"auth_token": SERVER, "id": 1})).status == 200
