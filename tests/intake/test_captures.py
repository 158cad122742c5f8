"""What Live shows: requests as they came, and what became of them, kept for minutes and only while somebody watches."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.intake.asgi import Intake
from troth.intake.captures import (
    KEPT,
    WATCHED_FOR,
    describe,
    first_id_at,
    forget_old_captures,
    is_wanted,
    keep_watching,
    read_captures,
    read_watch,
    read_watches,
    write_captures,
)
from troth.intake.capturing import MOST_A_SECOND, Capturing
from troth.intake.describing import LARGEST, Arrival, make_presentable
from troth.intake.models import Capture, Watch
from troth.intake.wire.request import Reply, Request
from troth.intake.writer import Writer
from troth.kernel.clock import MINUTE, now_ms
from troth.kernel.ids import bucket_of, new_row_id
from troth.people.event_names import fold_event_name
from troth.people.lookup import find_person
from troth.privacy.erasure.erasing import erase_person
from troth.workspaces import registry
from troth.workspaces.keys import Keyring


class Sent(NamedTuple):
    """A request, as a client sends it."""

    path: str
    body: Any
    headers: Mapping[bytes, bytes] = {}
    query: bytes = b""
    method: str = "POST"


class Site:
    """The door of one process, with its real writer, and the keys of a workspace."""

    def __init__(self) -> None:
        created = registry.create_workspace("Watched workspace")
        self.workspace_id = created.workspace.pk
        self.keys = created.keys
        self.basic = {b"authorization": b"Basic " + base64.b64encode(f"{created.keys['write_key']}:".encode())}

    def watch(self) -> None:
        keep_watching(self.workspace_id, now_ms())

    def ask(self, *requests: Sent, meanwhile: Callable[[], object] | None = None) -> list[int]:
        """The statuses of the answers; everything is written when this returns. `meanwhile` runs once the process knows who watches."""
        keyring, writer = Keyring(), Writer()
        keyring.refresh()
        capturing = Capturing(writer.do)
        capturing.refresh(now_ms())
        if meanwhile:
            meanwhile()
        intake = Intake(writer, keyring, capturing=capturing)

        async def go() -> list[int]:
            writer.start()
            statuses = [await _ask(intake, request) for request in requests]
            capturing.note_skipped()
            await asyncio.to_thread(writer.stop)
            return statuses

        return asyncio.run(go())

    def vero(self, path: str, **body: Any) -> Sent:
        return Sent(f"/api/v2/{path}", {"auth_token": self.keys["auth_token"], **body})

    def segment(self, **message: Any) -> Sent:
        return Sent(f"/v1/{message.pop('type', 'track')}", message, self.basic)

    def captured(self, **wanted: Any) -> list[Capture]:
        """The oldest first."""
        return read_captures(self.workspace_id, after=0, limit=1_000, wanted=wanted or None)[::-1]

    def only(self) -> Capture:
        (capture,) = self.captured()
        return capture


async def _ask(intake: Intake, request: Sent) -> int:
    body = request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"method": request.method, "path": request.path, "query_string": request.query, "headers": list(request.headers.items())}
    await intake(scope, receive, send)
    return int(said[0]["status"])


@pytest.fixture
def site(workspace: Any) -> Site:
    return Site()


def made(capture: Capture) -> dict[str, Any]:
    understood: dict[str, Any] = json.loads(capture.understood)
    return understood


EVENT = {"identity": {"id": "7", "email": "dana@example.com"}, "event_name": "Purchased item", "data": {"price": 9}}


def test_nothing_is_captured_while_nobody_watches(site: Site) -> None:
    assert site.ask(site.vero("events/track", **EVENT), site.vero("events/track")) == [200, 400]
    assert site.captured() == []
    keep_watching(site.workspace_id, now_ms() - WATCHED_FOR - 1)
    site.ask(site.vero("events/track", **EVENT))
    assert site.captured() == []


def test_a_watch_of_another_workspace_shows_nothing_of_this_one(site: Site, workspace: Any) -> None:
    keep_watching(workspace.pk, now_ms())
    site.ask(site.vero("events/track", **EVENT))
    assert Capture.objects.count() == 0


def test_an_event_of_vero_is_shown_as_it_came_with_what_the_door_made_of_it(site: Site) -> None:
    site.watch()
    site.ask(site.vero("events/track", **EVENT))
    capture = site.only()
    assert (capture.source, capture.kind, capture.name, capture.who) == ("vero", "events/track", "purchased_item", "7")
    assert (capture.status, capture.outcome, capture.reason) == (200, "accepted", "")
    assert capture.person_id == find_person(site.workspace_id, "7").person_id
    assert json.loads(capture.raw) == {"auth_token": "[redacted]", **EVENT}
    (command,) = made(capture)["commands"]
    assert command == {
        "command": "track",
        "outcome": "accepted",
        "reason": "",
        "identifiers": ["external_id", "email"],
        "name": "purchased_item",
        "purpose": "service",
    }
    assert made(capture)["request"] == "POST /api/v2/events/track"


def test_each_message_of_a_batch_is_shown_and_the_refused_one_with_its_reason(site: Site) -> None:
    site.watch()
    good = {"type": "track", "userId": "7", "event": "Bought"}
    bad = {"type": "track", "userId": "8"}
    hello = {"type": "identify", "userId": "9", "traits": {"plan": "pro"}}
    assert site.ask(Sent("/v1/batch", {"batch": [good, bad, hello]}, site.basic)) == [200]
    first, second, third = site.captured()
    assert [json.loads(one.raw) for one in (first, second, third)] == [good, bad, hello]
    assert [one.outcome for one in (first, second, third)] == ["accepted", "refused", "accepted"]
    assert [one.kind for one in (first, second, third)] == ["track", "track", "identify"]
    assert [one.who for one in (first, second, third)] == ["7", "8", "9"]
    assert "event" in second.reason
    assert [(made(one)["part"], made(one)["parts"]) for one in (first, second, third)] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("encoding", [b"gzip", b"br"])
def test_a_request_that_cannot_be_read_is_shown_with_its_reason(site: Site, encoding: bytes) -> None:
    site.watch()
    (status,) = site.ask(Sent("/v1/batch", b"not compressed", {**site.basic, b"content-encoding": encoding}))
    capture = site.only()
    assert (capture.status, capture.outcome, capture.kind) == (status, "refused", "batch")
    assert "ncod" in capture.reason


def test_broken_json_is_shown_as_it_came_but_for_the_key(site: Site) -> None:
    site.watch()
    key = site.keys["auth_token"]
    assert site.ask(Sent("/api/v2/events/track", b'{"auth_token": "%s", "event_name": ' % key.encode())) == [400]
    capture = site.only()
    assert capture.outcome == "refused"
    assert capture.raw == '{"auth_token": "[redacted]", "event_name": '


def test_a_request_under_an_unknown_key_is_nobodys_and_not_shown(site: Site) -> None:
    site.watch()
    site.ask(Sent("/api/v2/events/track", {**EVENT, "auth_token": "somebody's"}))
    assert Capture.objects.count() == 0


def test_of_somebody_erased_only_the_fact_that_something_came_is_kept(site: Site) -> None:
    site.ask(site.vero("events/track", **EVENT))
    erase_person(find_person(site.workspace_id, "7"), now=now_ms(), source="cli")
    site.watch()
    named = {**EVENT, "event_name": "Mail to dana@example.com"}
    site.ask(site.vero("events/track", **EVENT), site.vero("events/track", **named))
    for capture in site.captured():
        assert (capture.outcome, capture.reason, capture.person_id, capture.who, capture.raw) == ("dropped", "suppressed", 0, "", "")
        assert made(capture)["is_withheld"]
    assert [capture.name for capture in site.captured()] == ["purchased_item", ""]
    assert "dana" not in "".join(capture.understood for capture in site.captured())


def test_a_refused_message_about_somebody_erased_is_not_kept_either(site: Site) -> None:
    site.ask(site.vero("events/track", **EVENT))
    erase_person(find_person(site.workspace_id, "7"), now=now_ms(), source="cli")
    site.watch()
    assert site.ask(
        site.vero("events/track", identity={"id": "7"}, note="who it is"),
        site.vero("events/track", note="written to Dana@Example.com"),
        site.vero("events/track", note="about nobody"),
    ) == [400, 400, 400]
    about_id, about_address, about_nobody = site.captured()
    assert (about_id.raw, about_id.who, about_address.raw) == ("", "", "")
    assert about_id.reason
    assert "about nobody" in about_nobody.raw


def test_a_request_to_delete_somebody_is_shown_without_saying_whom(site: Site) -> None:
    site.watch()
    site.ask(site.vero("users/delete", id="dana-7")._replace(method="DELETE"))
    capture = site.only()
    assert (capture.kind, capture.who, capture.raw) == ("users/delete", "", "")
    assert "dana-7" not in capture.understood


def test_keys_and_passwords_are_not_shown_wherever_they_stand(site: Site) -> None:
    site.watch()
    key = site.keys["tracking_api_key"]
    query = f"tracking_api_key={key}&x=1".encode()
    site.ask(Sent("/api/v2/events/track", {**EVENT, "data": {"note": f"my {key}", "password": "hunter2"}}, query=query))
    capture = site.only()
    assert key not in capture.raw + capture.understood
    assert "hunter2" not in capture.raw
    assert made(capture)["request"] == "POST /api/v2/events/track?tracking_api_key=[redacted]&x=1"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"auth_token":"abc","id":1}', '{"auth_token":"[redacted]","id":1}'),
        (b'{"auth_token" : "a\\"bc", "id":1}', '{"auth_token" : "[redacted]", "id":1}'),
        (b'{"writeKey":"abc', '{"writeKey":"[redacted]"'),
        (b"auth_token=abc&id=1", "auth_token=[redacted]&id=1"),
        (b'{"Authorization":"Basic abc="}', '{"Authorization":"[redacted]"}'),
        (b'{"note":"a TOKEN b"}', '{"note":"a [redacted] b"}'),
        (b'{"no_password_here":"x"}', '{"no_password_here":"x"}'),
        (b"a\0b\xff", "a\ufffdb\ufffd"),
    ],
)
def test_a_message_is_presented_without_secrets(raw: bytes, shown: str) -> None:
    assert make_presentable(raw, "TOKEN") == (shown, False)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_presented(raw: bytes) -> None:
    text, is_cut = make_presentable(raw, "TOKEN")
    assert "\0" not in text
    assert len(text.encode()) <= LARGEST
    assert not is_cut


def test_a_large_message_is_cut_and_says_so(site: Site) -> None:
    site.watch()
    site.ask(site.vero("events/track", **{**EVENT, "data": {"note": "é" * 20_000}}))
    capture = site.only()
    assert capture.is_cut
    assert len(capture.raw.encode()) <= LARGEST
    assert capture.outcome == "accepted"


def test_a_flood_is_captured_in_part_and_the_rest_counted_the_refused_first(site: Site) -> None:
    site.watch()
    messages: list[Any] = [{"type": "track", "userId": str(number), "event": "Bought"} for number in range(3 * MOST_A_SECOND)]
    messages[-1] = {"type": "nonsense"}
    site.ask(Sent("/v1/batch", {"batch": messages}, site.basic))
    captured = site.captured()
    assert len(captured) == MOST_A_SECOND
    assert captured[-1].outcome == "refused"
    assert read_watch(site.workspace_id).skipped == 2 * MOST_A_SECOND


def test_an_erasure_takes_all_captures_of_the_workspace_and_those_on_their_way(site: Site) -> None:
    site.watch()
    site.ask(site.vero("events/track", **EVENT), site.vero("events/track", note="about whomever"))
    assert len(site.captured()) == 2
    before = read_watches(now_ms())[site.workspace_id]
    dana = find_person(site.workspace_id, "7")
    site.ask(
        site.vero("events/track", note="on its way"),
        meanwhile=lambda: erase_person(dana, now=now_ms(), source="cli"),
    )
    assert site.captured() == []
    assert read_watches(now_ms())[site.workspace_id] != before
    site.ask(site.vero("events/track", note="afterwards"))
    assert len(site.captured()) == 1


def test_captures_are_deleted_after_a_quarter_of_an_hour_and_a_watch_after_a_while(site: Site) -> None:
    now = now_ms()
    site.watch()
    generation = read_watches(now)[site.workspace_id]
    rows = [_row(site.workspace_id, first_id_at(now - age)) for age in (KEPT + MINUTE, KEPT - MINUTE)]
    write_captures(site.workspace_id, generation, rows, 0)
    forget_old_captures(now)
    assert [capture.capture_id for capture in site.captured()] == [first_id_at(now - KEPT + MINUTE)]
    assert Watch.objects.count() == 1
    forget_old_captures(now + 3 * KEPT)
    assert site.captured() == []
    assert Watch.objects.count() == 0


def test_the_smallest_id_of_an_instant_comes_before_all_that_are_made_in_it() -> None:
    before = now_ms()
    made_now = new_row_id()
    assert first_id_at(before) <= made_now < first_id_at(now_ms() + 1)


def _row(workspace_id: int, capture_id: int, person_id: int = 0, name: str = "", who: str = "", outcome: str = "accepted") -> Sequence[Any]:
    about = (bucket_of(person_id), person_id, capture_id, workspace_id, now_ms(), "vero", "events/track", name, who)
    return (*about, 200, outcome, "", "{}", False, "{}")


NAMES = st.sampled_from(["", "bought", "Bought", "re_bought", "%", "_", "a\\b", "é", "É"])
PERSONS = st.sampled_from([0, 1, 2, 4097])


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    captures=st.lists(
        st.tuples(
            PERSONS, NAMES.map(fold_event_name), st.sampled_from(["", "7", "dana@example.com"]), st.sampled_from(["accepted", "refused"])
        ),
        max_size=8,
    ),
    name=NAMES,
    who=st.sampled_from(["", "7", "8"]),
    persons=st.sets(st.sampled_from([1, 2, 4097])),
    is_refused=st.booleans(),
)
def test_what_arrives_is_filtered_as_what_is_there(
    site: Site, captures: list[tuple[int, str, str, str]], name: str, who: str, persons: set[int], is_refused: bool
) -> None:
    Capture.objects.all().delete()
    site.watch()
    rows = [_row(site.workspace_id, number + 1, *values) for number, values in enumerate(captures)]
    write_captures(site.workspace_id, read_watches(now_ms())[site.workspace_id], rows, 0)
    wanted = describe(name, who, persons, is_refused)
    kept = [capture.capture_id for capture in site.captured() if is_wanted(capture, wanted)]
    assert [capture.capture_id for capture in site.captured(**wanted)] == kept


def test_what_is_captured_waits_for_the_thread_that_writes(site: Site) -> None:
    chores: list[Any] = []
    capturing = Capturing(chores.append)
    capturing.note_skipped()
    assert chores == []
    request = Request("POST", "/v1/track", b"", {}, b"{}", now_ms())
    capturing.note(Arrival(request, site.workspace_id, 1, "", Reply(400, b'{"message":"no"}')))
    assert len(chores) == 1
