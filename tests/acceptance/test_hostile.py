"""Hostile input against the real server: a clear answer, never a 5xx, nothing half-written, and the next client is served."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import Served

VERO, VERO_PEOPLE, SEGMENT = "/api/v2/events/track", "/api/v2/users/track", "/v1/batch"
TABLES = ("people_person", "people_identifier", "people_identifierindex", "consent_record", "consent_stance", "intake_deletionorder")
Answer = tuple[int, bytes]


@pytest.fixture(scope="module")
def server(troth_server: Served) -> Served:
    assert troth_server.post(VERO, control(troth_server))[0] == 200
    return troth_server


@pytest.fixture(autouse=True)
def still_serving(server: Served) -> Iterator[None]:
    """After each attack the same processes serve, and nothing failed inside."""
    before = sorted(child.pid for child in server.children())
    yield
    assert server.post(VERO, control(server))[0] == 200
    assert sorted(child.pid for child in server.children()) == before
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "intake_refused_work" not in log
    assert "intake_failed" not in log


def ask(server: Served, sql: str) -> list[Any]:
    with closing(sqlite3.connect(server.data / "troth.sqlite3", timeout=10)) as database:
        return database.execute(sql).fetchall()


def kept(server: Served) -> list[Any]:
    """How much is kept, the control's own events aside: they come and are folded all the time."""
    events = "(SELECT COUNT(*) FROM {} WHERE name <> 'control')"
    asked = [f"(SELECT COUNT(*) FROM {table})" for table in TABLES]
    return ask(server, f"SELECT {', '.join(asked)}, {events.format('people_event')} + {events.format('intake_inboxitem')}")


def is_known(server: Served, external_id: str) -> bool:
    return bool(ask(server, f"SELECT 1 FROM people_identifier WHERE value = '{external_id}'"))


def control(server: Served) -> dict[str, Any]:
    return {"auth_token": server.workspace["auth_token"], "identity": {"id": "control"}, "event_name": "Control"}


def raw_vero(server: Served, data: bytes, person: bytes = b'"hostile"') -> bytes:
    token = server.workspace["auth_token"].encode()
    return b'{"auth_token":"%s","identity":{"id":%s},"event_name":"Hostile","data":%s}' % (token, person, data)


def raw_segment(server: Served, properties: bytes, user: bytes = b'"hostile"') -> bytes:
    key = server.workspace["write_key"].encode()
    return b'{"writeKey":"%s","batch":[{"type":"track","userId":%s,"event":"Hostile","properties":%s}]}' % (key, user, properties)


def send(server: Served, path: str, body: bytes, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def refused(server: Served, path: str, body: bytes, **headers: str) -> dict[str, Any]:
    """The answer to something that must be refused and must not leave a trace."""
    before = kept(server)
    status, answer = send(server, path, body, **headers)
    assert 400 <= status < 500, (status, answer[:300])
    told = json.loads(answer)
    assert told["message"]
    assert kept(server) == before
    return told


BAD_VALUES = {
    "a NUL": rb'{"a":"x\u0000y"}',
    "a NUL in a key": rb'{"x\u0000y":1}',
    "a NUL byte": b'{"a":"x\x00y"}',
    "a huge integer": b'{"a":' + b"9" * 400 + b"}",
    "an integer beyond 64 bit": b'{"a":9223372036854775808}',
    "nesting": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a long text": b'{"a":"' + b"x" * 70_000 + b'"}',
    "a long key": b'{"' + b"k" * 300 + b'":1}',
    "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(1_500)) + b"}",
}
BAD_JSON = {
    "a lone surrogate, escaped": rb'{"a":"\ud800"}',
    "no number": b'{"a":NaN}',
    "an endless exponent": b'{"a":-1e400}',
    "a lone surrogate, raw": b'{"a":"\xed\xa0\x80"}',
    "bytes that are no UTF-8": b'{"a":"\xff\xfe"}',
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "a control character": b'{"a":"x\x01y"}',
    "a cut text": b'{"a":"x',
    "a bare word": b'{"a":undefined}',
    "two values": b"{} {}",
    "a trailing comma": b'{"a":1,}',
    "unbalanced": b'{"a":[1,2}',
}


REPAIRED = ("a lone surrogate, escaped", "no number", "an endless exponent")


@pytest.mark.parametrize("what", [*BAD_VALUES, *BAD_JSON])
def test_vero_refuses_what_cannot_be_kept(server: Served, what: str) -> None:
    refused(server, VERO, raw_vero(server, {**BAD_VALUES, **BAD_JSON}[what]))


@pytest.mark.parametrize("what", BAD_VALUES)
def test_vero_names_the_place_of_the_fault(server: Served, what: str) -> None:
    told = refused(server, VERO, raw_vero(server, BAD_VALUES[what]))
    if what not in ("a NUL byte", "nesting", "nested objects"):
        assert "$.data" in told["message"]


@pytest.mark.parametrize("what", [what for what in BAD_JSON if what not in REPAIRED])
def test_segment_keeps_nothing_of_a_broken_message(server: Served, what: str) -> None:
    before = kept(server)
    status, answer = send(server, SEGMENT, raw_segment(server, BAD_JSON[what]))
    assert status == 400 or (status == 200 and [entry["index"] for entry in json.loads(answer)["rejected"]] == [0]), answer
    assert kept(server) == before


@pytest.mark.parametrize("what", BAD_VALUES)
def test_segment_takes_the_good_message_and_names_the_bad_one(server: Served, what: str) -> None:
    before = kept(server)
    key = server.workspace["write_key"].encode()
    good = b'{"type":"track","userId":"control","event":"Control","properties":{}}'
    bad = b'{"type":"track","userId":"hostile","event":"Hostile","properties":%s}' % BAD_VALUES[what]
    status, answer = send(server, SEGMENT, b'{"writeKey":"%s","batch":[%s,%s]}' % (key, good, bad))
    told = json.loads(answer)

    if status == 200:
        assert [entry["index"] for entry in told["rejected"]] == [1]
        assert told["accepted"] == 1
    else:
        assert status == 400
        assert told["message"]
    assert kept(server) == before


@pytest.mark.parametrize("number", [b"1e999999", b"-1e400", b"NaN", b"Infinity", b'"\\ud800"'])
def test_segment_repairs_what_pythons_libraries_break(server: Served, number: bytes) -> None:
    status, answer = send(server, SEGMENT, raw_segment(server, b'{"a":%s}' % number, b'"repaired"'))
    assert status == 200
    assert json.loads(answer)["repaired"][0]["index"] == 0


@pytest.mark.parametrize("person", [b'"x\\u0000y"', b'"' + b"i" * 5_000 + b'"', b"1" + b"0" * 400, b"[1]", b'{"a":1}', b"true", b"1e400"])
def test_an_impossible_id_is_refused_at_both_doors(server: Served, person: bytes) -> None:
    refused(server, VERO, raw_vero(server, b"{}", person))
    before = kept(server)
    status, answer = send(server, SEGMENT, raw_segment(server, b"{}", person))
    assert status in (200, 400)
    assert status == 400 or json.loads(answer).get("rejected")
    assert kept(server) == before


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"1", b'"text"', b"{", b"\xef\xbb\xbf{}", b"\x00" * 100, b"<xml/>", b"a=b&c=d"])
@pytest.mark.parametrize("path", [VERO, VERO_PEOPLE, SEGMENT])
def test_a_body_that_is_no_request_is_refused(server: Served, path: str, body: bytes) -> None:
    refused(server, path, body)


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "iso-2022-jp", "no-such-charset", "utf-8\u00e9"])
def test_another_encoding_is_refused(server: Served, charset: str) -> None:
    text = json.dumps({**control(server), "identity": {"id": "hostile"}})
    raw = text.encode("utf-16") if charset != "utf-32" else text.encode("utf-32")
    refused(server, VERO, raw, Content_Type=f"application/json; charset={charset}")


def test_of_duplicate_keys_the_last_counts(server: Served) -> None:
    assert send(server, VERO, raw_vero(server, b'{"twin":1,"twin":2}', b'"twins"'))[0] == 200
    twins = "SELECT e.properties FROM people_event e JOIN people_identifier i USING (bucket, person_id) WHERE i.value = 'twins'"
    assert server.eventually(lambda: ask(server, twins)) == [('{"twin":2}',)]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"no gzip at all", "gzip"),
        (gzip.compress(b'{"a":1}' * 100)[:-9], "gzip"),
        (gzip.compress(b"{}") + b"behind", "gzip"),
        (zlib.compress(b"{}")[:-2], "deflate"),
        (gzip.compress(b"{}"), "deflate"),
        (gzip.compress(b"{}"), "br"),
        (b"{}", "gzip, gzip"),
        (gzip.compress(b" " * 200_000_000, 9), "gzip"),
        (gzip.compress(gzip.compress(b" " * 50_000_000, 9), 9), "gzip"),
    ],
    ids=["no gzip", "cut", "something behind", "cut deflate", "gzip as deflate", "unknown", "twice", "bomb", "bomb in a bomb"],
)
def test_a_bad_compressed_body_is_refused_and_a_bomb_does_not_go_off(server: Served, body: bytes, encoding: str) -> None:
    begun = time.monotonic()
    refused(server, SEGMENT, body, Content_Encoding=encoding)
    assert time.monotonic() - begun < 10
    assert max(child.memory_info().rss for child in server.children()) < 400 * 1024 * 1024


@pytest.mark.parametrize("path", [VERO, SEGMENT])
def test_a_text_of_ten_megabytes_is_refused_with_an_answer_that_arrives(server: Served, path: str) -> None:
    make = raw_vero if path == VERO else raw_segment
    status, answer = send(server, path, make(server, b'{"a":"' + b"x" * 10_000_000 + b'"}'))
    assert status == 413, answer
    assert b"smaller" in answer


@pytest.mark.parametrize(
    "value",
    [b'"' + b"x@" * 30_000 + b'"', b'"' + b"x" * 60_000 + b'"', b'"' + b"a@b.cc " * 9_000 + b'"', b'"' + b"%40" * 20_000 + b'"'],
    ids=["at signs", "one word", "addresses", "percents"],
)
def test_a_text_made_to_search_long_is_accepted_at_once(server: Served, value: bytes) -> None:
    properties = b'{"a":%s,"b":%s,"c":"@"}' % (value, value)
    begun = time.monotonic()
    assert send(server, VERO, raw_vero(server, properties, b'"patient"'))[0] == 200
    assert time.monotonic() - begun < 5


def test_a_body_that_ends_early_writes_nothing(server: Served) -> None:
    body = raw_vero(server, b'{"a":1}', b'"half"')
    for part in (0, 1, len(body) // 2, len(body) - 1):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (VERO.encode(), len(body)) + body[:part])
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(65_536)
            assert answer == b"" or re.match(rb"HTTP/1.1 4\d\d", answer), answer
    assert not is_known(server, "half")


def test_many_slow_clients_keep_nobody_waiting(server: Served) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{" % VERO.encode()
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(100)]
    try:
        for client in slow:
            client.sendall(head)
        for _ in range(3):
            for client in slow:
                client.sendall(b" ")
            begun = time.monotonic()
            assert server.post(VERO, control(server))[0] == 200
            assert time.monotonic() - begun < 5
    finally:
        for client in slow:
            client.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST /v1/ba\x00tch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /v1/%ff%fe%00 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"\r\n" * 1_000,
        bytes(range(256)) * 8,
    ],
    ids=[
        "TLS", "a version of the future", "a negative length", "two lengths", "bad chunks", "length and chunks",
        "a long header", "a NUL in the path", "a path that is no text", "empty lines", "all bytes",
    ],
)  # fmt: skip
def test_a_request_that_is_no_http_is_refused_or_hung_up_on(server: Served, request_bytes: bytes) -> None:
    before = kept(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        try:
            client.sendall(request_bytes)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(65_536)
        except OSError:
            answer = b""
    assert answer == b"" or re.match(rb"HTTP/1.1 4\d\d", answer), answer[:200]
    assert kept(server) == before


@pytest.mark.parametrize(
    "path",
    [
        "/u/%s" % ("x" * 5_000),
        "/u/%00",
        "/u/..%2f..%2fetc",
        "/p/\u00e9".encode("unicode_escape").decode(),
        "/console/%ff",
        "/api/troth/v1/people/%00",
        "/api/troth/v1/people/external_id:%ff",
    ],
)
def test_hostile_paths_of_pages_and_the_control_api_are_refused(server: Served, path: str) -> None:
    for method in ("GET", "POST"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Authorization": f"Bearer {server.workspace['auth_token']}"} if path.startswith("/api") else {}
        connection.request(method, path, b"" if method == "POST" else None, headers)
        status = connection.getresponse().status
        connection.close()
        assert 300 <= status < 500, (method, path, status)
