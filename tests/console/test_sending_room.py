"""The room that says why mail moves or does not, and the switches in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.members import join
from tests.messages.posting import Post
from troth.kernel.clock import MINUTE, now_ms
from troth.messages.controls import read_controls
from troth.messages.lane_settings import set_pace
from troth.messages.models import State
from troth.messages.sending import resume, send_due
from troth.workspaces.models import AuditEntry


@pytest.fixture
def marketer(workspace: Any) -> Client:
    return join(workspace, "marketer")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/sending{rest}"


def read(client: Client, workspace: Any) -> str:
    answer = client.get(path(workspace))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_says_that_nothing_waits(marketer: Client, workspace: Any) -> None:
    assert "Nothing waits to be sent." in read(marketer, workspace)


def test_a_marketer_stops_marketing_and_lets_it_go(marketer: Client, workspace: Any) -> None:
    post = Post(workspace)
    assert "All marketing" in marketer.get(path(workspace, "/stop")).content.decode()
    answer = marketer.post(path(workspace, "/stop"), {"what": "marketing", "note": "wrong price"})
    assert answer.status_code == 303
    post.queue(post.person("dana"), purpose="marketing_email")
    send_due(now_ms())
    assert post.states() == [(State.HELD, "stopped:by_hand")]
    page = read(marketer, workspace)
    assert "This workspace sends no marketing: somebody stopped it (wrong price)" in page
    assert "Let it go" in page
    marketer.post(path(workspace, "/go"), {"source": ""})
    resume(now_ms())
    assert post.states() == [(State.QUEUED, "")]
    told = list(AuditEntry.objects.filter(action__startswith="sending.").order_by("entry_id").values_list("action", flat=True))
    assert told == ["sending.stopped", "sending.let_go"]


def test_one_source_is_stopped_alone(marketer: Client, workspace: Any) -> None:
    assert "Stop “campaign:7”" in marketer.get(path(workspace, "/stop?source=campaign:7")).content.decode()
    marketer.post(path(workspace, "/stop"), {"source": "campaign:7"})
    assert (workspace.pk, "campaign:7") in read_controls()


def test_the_hold_is_set_and_what_is_no_number_is_refused(marketer: Client, workspace: Any) -> None:
    marketer.post(path(workspace, "/hold"), {"minutes": "15"})
    assert read_controls()[workspace.pk, ""].hold_ms == 15 * MINUTE
    for wrong in ("-1", "soon", "99999999", ""):
        answer = marketer.post(path(workspace, "/hold"), {"minutes": wrong}, follow=True)
        assert "Write a number of minutes" in answer.content.decode()
    assert read_controls()[workspace.pk, ""].hold_ms == 15 * MINUTE
    assert 'value="15"' in read(marketer, workspace)


def test_a_viewer_sees_how_it_stands_and_stops_nothing(workspace: Any) -> None:
    viewer = join(workspace, "viewer")
    set_pace("installation", "google", per_second=2, now=now_ms())
    page = read(viewer, workspace)
    assert "google" in page
    assert "Stop…" not in page
    for rest in ("/stop", "/go", "/hold"):
        assert viewer.post(path(workspace, rest), {"minutes": "1"}).status_code == 403
    assert read_controls() == {}
