"""The Live room: what came in, found and opened; who may look; and the stream that brings what comes next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from tests.members import join
from troth.console.live import streaming
from troth.intake.captures import WATCHED_FOR, first_id_at, forget_old_captures, keep_watching, read_watch, read_watches, write_captures
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.intake.models import Capture
from troth.kernel.clock import MINUTE, now_ms
from troth.kernel.ids import bucket_of, new_row_id
from troth.people.lookup import find_person
from troth.privacy.erasure.erasing import erase_person
from troth.workspaces.models import AuditEntry, Member, User
from troth.workspaces.registry import create_workspace


@pytest.fixture
def developer(workspace: Any) -> Client:
    return join(workspace, "developer")


@pytest.fixture
def dana(workspace: Any) -> Any:
    now = now_ms()
    apply(
        [Identify(identity=Identity(external_id="7", email="dana@example.com"), workspace_id=workspace.pk, source="api", received_at=now)],
        now=now,
    )
    return find_person(workspace.pk, "7")


def plant(workspace: Any, name: str = "bought", who: str = "", *, person_id: int = 0, **changes: Any) -> int:
    """A capture; its id."""
    keep_watching(workspace.pk, now_ms())
    values = {
        "source": "vero",
        "kind": "events/track",
        "name": name,
        "who": who,
        "status": 200,
        "outcome": "accepted",
        "reason": "",
        "raw": '{"event_name":"<b>Bought</b>"}',
        "is_cut": False,
        "understood": {},
        **changes,
    }
    values["understood"] = json.dumps(values["understood"])
    capture_id = new_row_id()
    row = (bucket_of(person_id), person_id, capture_id, workspace.pk, now_ms(), *values.values())
    write_captures(workspace.pk, read_watch(workspace.pk).generation, [row], 0)
    return capture_id


def refuse(workspace: Any, who: str = "") -> int:
    return plant(workspace, "", who, status=400, outcome="refused", reason="$.event_name is missing.")


def ask(client: Client, workspace: Any, path: str = "live") -> Any:
    return client.get(f"/console/{workspace.pk}/{path}")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_whoever_opens_the_page_watches_unless_it_is_paused(developer: Client, workspace: Any) -> None:
    ask(developer, workspace, "live?paused=1")
    assert read_watches(now_ms()) == {}
    page = text(ask(developer, workspace))
    assert workspace.pk in read_watches(now_ms())
    assert read_watches(now_ms() + WATCHED_FOR) == {}
    assert "Listening: nothing has come in yet" in page
    assert f'href="/console/{workspace.pk}/settings/setup"' in page
    assert 'sse-connect="/console/' in page


def test_a_paused_page_has_no_stream_and_keeps_its_filters(developer: Client, workspace: Any) -> None:
    page = text(ask(developer, workspace, "live?name=bought&paused=1"))
    assert "sse-connect" not in page
    assert 'href="?name=bought"' in page
    assert 'href="?name=bought&amp;paused=1"' in text(ask(developer, workspace, "live?name=bought"))


def test_the_page_says_what_came_about_whom_and_what_became_of_it(developer: Client, workspace: Any, dana: Any) -> None:
    first = plant(workspace, who="dana@example.com", person_id=dana.person_id)
    plant(workspace, "seen", who="8", outcome="dropped", reason="no_basis")
    refuse(workspace)
    page = text(ask(developer, workspace))
    for expected in (
        f'href="/console/{workspace.pk}/live/{first}"',
        f'href="/console/{workspace.pk}/people/{dana.person_id}"',
        "dana@example.com",
        "accepted",
        "no legal basis",
        "$.event_name is missing.",
    ):
        assert expected in page
    assert page.index("$.event_name") < page.index(">seen<") < page.index(">bought<")


def test_the_list_is_filtered_by_name_person_and_refusal(developer: Client, workspace: Any, dana: Any) -> None:
    mine = plant(workspace, "purchased_item", "7", person_id=dana.person_id)
    other = plant(workspace, "purchased_all", "9")
    broken = refuse(workspace, "7")

    def shown(query: str) -> set[int]:
        return {one.capture_id for one in ask(developer, workspace, f"live?{query}").context["captures"]}

    assert shown("") == {mine, other, broken}
    assert shown("name=Purchased+Item") == {mine}
    assert shown("who=dana@example.com") == {mine}
    assert shown("who=7") == {mine, broken}
    assert shown(f"who=person:{dana.person_id}") == {mine}
    assert shown("refused=1") == {broken}
    assert shown("who=nobody") == shown("name=%25") == set()
    assert "nothing that fits so far" in text(ask(developer, workspace, "live?who=nobody"))


def test_one_request_is_shown_as_it_came_with_what_the_door_made_of_it(developer: Client, workspace: Any, dana: Any) -> None:
    command = {
        "command": "track",
        "outcome": "accepted",
        "reason": "",
        "identifiers": ["external_id", "email"],
        "name": "bought",
        "purpose": "marketing_email",
    }
    made = {"request": "POST /api/v2/events/track?x=1", "part": 2, "parts": 3, "is_withheld": False, "commands": [command]}
    capture_id = plant(workspace, who="7", person_id=dana.person_id, understood=made)
    page = text(ask(developer, workspace, f"live/{capture_id}"))
    for expected in ("POST /api/v2/events/track?x=1", "&lt;b&gt;Bought", "Track", "marketing email", "id, e-mail", "2 of 3 in a batch"):
        assert expected in page
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.person_id) == ("live.opened", dana.person_id)


def test_a_refused_request_says_why_and_one_withheld_says_that(developer: Client, workspace: Any) -> None:
    page = text(ask(developer, workspace, f"live/{refuse(workspace)}"))
    assert "$.event_name is missing." in page
    assert "turned away before anything was written" in page
    withheld = plant(workspace, outcome="dropped", reason="suppressed", raw="", understood={"is_withheld": True})
    page = text(ask(developer, workspace, f"live/{withheld}"))
    assert "What it says is not shown." in page
    assert "erased before" in page


def test_a_request_that_is_gone_is_told_so(developer: Client, workspace: Any) -> None:
    capture_id = plant(workspace)
    forget_old_captures(now_ms() + 16 * MINUTE)
    answer = ask(developer, workspace, f"live/{capture_id}")
    assert answer.status_code == 404
    assert "kept for 15 minutes" in text(answer)
    assert not AuditEntry.objects.exists()


def test_nothing_of_another_workspace_is_seen(developer: Client, workspace: Any) -> None:
    other = create_workspace("Other").workspace
    theirs = plant(other, "their_secret")
    assert "their_secret" not in text(ask(developer, workspace))
    assert ask(developer, workspace, f"live/{theirs}").status_code == 404
    assert [ask(developer, other, path).status_code for path in ("live", "live/stream", f"live/{theirs}")] == [404] * 3


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("privacy_officer", 200), ("developer", 200), ("marketer", 403), ("viewer", 403)]
)
def test_only_those_who_may_see_live_see_it(workspace: Any, role: str, status: int) -> None:
    capture_id = plant(workspace)
    client = join(workspace, role)
    assert [ask(client, workspace, path).status_code for path in ("live", "live/stream", f"live/{capture_id}")] == [status] * 3
    assert AuditEntry.objects.count() == (3 if status == 200 else 0)


def test_the_number_of_queries_does_not_grow_with_what_came_in(
    developer: Client, workspace: Any, dana: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        plant(workspace, who=str(number), person_id=dana.person_id)
    with django_assert_max_num_queries(14):
        ask(developer, workspace)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "EVERY_SECONDS", 0.05)


class Reading:
    """Reads a stream as a browser does, in the thread of the test; what it does meanwhile happens in others."""

    def __init__(self, answer: Any) -> None:
        self.events: Callable[[], AsyncIterator[bytes]] = answer.events

    def until(self, done: Callable[[str], bool], *acts: tuple[str, Callable[[], object]], seconds: float = 10) -> str:
        """All that is said until `done`; each act follows as soon as its words were said."""

        async def read() -> str:
            said, waiting = "", list(acts)
            events = self.events()
            async with asyncio.timeout(seconds):
                async for part in events:
                    said += part.decode()
                    while waiting and waiting[0][0] in said:
                        await asyncio.to_thread(_closing, waiting.pop(0)[1])
                    if done(said):
                        break
            await events.aclose()  # type: ignore[attr-defined]
            return said

        return asyncio.run(read())


def _closing(act: Callable[[], object]) -> None:
    from django.db import connection

    try:
        act()
    finally:
        connection.close()


def open_stream(client: Client, workspace: Any, query: str = "") -> Reading:
    answer = ask(client, workspace, f"live/stream?{query}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/event-stream")
    assert answer["Cache-Control"] == "no-store"
    return Reading(answer)


@pytest.mark.usefixtures("quick")
def test_the_stream_brings_what_the_page_has_not_and_then_what_comes(developer: Client, workspace: Any) -> None:
    on_page = plant(workspace, "first")
    plant(workspace, "second")
    stream = open_stream(developer, workspace, f"after={on_page}")
    said = stream.until(lambda said: ">third<" in said, (">second<", lambda: plant(workspace, "third")))
    assert ">first<" not in said
    assert [said.count(f">{name}<") for name in ("second", "third")] == [1, 1]
    assert said.startswith("retry:")
    assert "event: capture\ndata:" in said
    assert AuditEntry.objects.get().action == "live.watched"


@pytest.mark.usefixtures("quick")
def test_the_stream_is_filtered(developer: Client, workspace: Any) -> None:
    stream = open_stream(developer, workspace, "refused=1")

    def act() -> None:
        plant(workspace, "fine")
        refuse(workspace)

    said = stream.until(lambda said: "$.event_name is missing." in said, ("event: told", act))
    assert ">fine<" not in said


@pytest.mark.usefixtures("quick")
def test_a_browser_that_comes_back_gets_what_it_missed(developer: Client, workspace: Any) -> None:
    seen = plant(workspace, "first")
    plant(workspace, "missed")
    answer = developer.get(f"/console/{workspace.pk}/live/stream", headers={"Last-Event-ID": str(seen)})
    said = Reading(answer).until(lambda said: ">missed<" in said)
    assert ">first<" not in said
    assert f"id: {Capture.objects.get(name='missed').capture_id}" in said


@pytest.mark.usefixtures("quick")
def test_an_erasure_empties_what_is_on_the_page(developer: Client, workspace: Any, dana: Any) -> None:
    plant(workspace, "bought", "7", person_id=dana.person_id)
    stream = open_stream(developer, workspace)
    said = stream.until(lambda said: "event: gone" in said, ("event: told", lambda: erase_person(dana, now=now_ms(), source="cli")))
    gone = said[said.index("event: gone") :]
    assert "Somebody of this workspace was erased" in gone
    assert ">bought<" not in gone


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "end",
    [
        lambda member: member.delete(),
        lambda member: Member.objects.filter(pk=member.pk).update(role="viewer"),
        lambda member: User.objects.filter(pk=member.user_id).update(password="another"),
    ],
    ids=["removed", "another role", "another password"],
)
def test_the_stream_ends_when_the_member_may_not_look_any_more(
    developer: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch, end: Callable[[Member], object]
) -> None:
    monkeypatch.setattr(streaming, "ASKED_EVERY_SECONDS", 0.0)
    member = Member.objects.get()
    said = open_stream(developer, workspace).until(lambda said: "event: over" in said, ("event: told", lambda: end(member)))
    assert said.endswith("event: over\ndata: \n\n")


@pytest.mark.usefixtures("quick")
def test_watching_goes_on_while_the_stream_is_open_and_quiet_ones_are_kept_alive(
    developer: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(streaming, "RENEWED_EVERY", 0)
    stream = open_stream(developer, workspace)
    stream.until(lambda said: "\n:\n\n" in said)
    assert workspace.pk in read_watches(now_ms())


@pytest.fixture
def ending() -> Iterator[None]:
    yield
    streaming._ending.clear()


@pytest.mark.usefixtures("quick", "ending")
def test_streams_end_when_the_process_stops(developer: Client, workspace: Any) -> None:
    said = open_stream(developer, workspace).until(lambda said: "event: over" in said, ("event: told", streaming.end_streams))
    assert said.endswith("event: over\ndata: \n\n")


@pytest.mark.usefixtures("quick")
def test_there_are_only_so_many_streams_and_each_makes_room_when_it_ends(
    developer: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MOST_OF_WORKSPACE", 1)
    statuses: list[int] = []
    stream = open_stream(developer, workspace)
    stream.until(
        lambda said: bool(statuses), ("event: told", lambda: statuses.append(ask(developer, workspace, "live/stream").status_code))
    )
    assert statuses == [503]
    assert not streaming.is_full(workspace.pk)
    assert streaming._channels == {}


def test_an_event_of_several_lines_stays_one() -> None:
    assert streaming.write_event("x", "a\nb", 7) == b"event: x\ndata: a\ndata: b\nid: 7\n\n"
    assert first_id_at(-1) == 0
